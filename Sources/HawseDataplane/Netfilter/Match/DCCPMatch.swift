import HawseModel
import HawseWire

/// `-m dccp` (`dccp_mt`).
struct DCCPOperation: MatchOperation {
    var sourcePorts: NumberRange<UInt16>
    var destinationPorts: NumberRange<UInt16>
    /// Bit n: packet type n.
    var types: UInt16
    var hasTypes: Bool
    var typesInverted: Bool
    var option: UInt8
    var hasOption: Bool
    var optionInverted: Bool

    init(_ match: DCCPMatch) {
        sourcePorts = NumberRange(match.sourcePorts)
        destinationPorts = NumberRange(match.destinationPorts)
        types = match.types?.value ?? 0
        hasTypes = match.types != nil
        typesInverted = match.types?.inverted ?? false
        option = match.option?.value ?? 0
        hasOption = match.option != nil
        optionInverted = match.option?.inverted ?? false
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        if context.packet.isLaterFragment { return false }
        guard let base = context.transport(DCCPHeader.length) else { return false }
        let header = DCCPHeader(base)
        guard operation.pointee.sourcePorts.contains(header.sourcePort),
            operation.pointee.destinationPorts.contains(header.destinationPort)
        else { return false }
        if operation.pointee.hasTypes {
            let hit = operation.pointee.types & (1 << UInt16(header.type)) != 0
            if hit == operation.pointee.typesInverted { return false }
        }
        guard operation.pointee.hasOption else { return true }
        return findOption(operation.pointee.option, header, &context) != operation.pointee.optionInverted
    }

    /// `dccp_find_option`
    private static func findOption(_ kind: UInt8, _ header: DCCPHeader, _ context: inout RuleContext) -> Bool {
        let basic = header.extendedSequence ? 16 : 12
        let typed: Int
        switch header.type {
        case 0: typed = 4
        case 2: typed = 0
        case 3...6, 8, 9: typed = 8
        default: typed = 12
        }
        let count = header.headerLength - basic - typed
        guard header.headerLength >= basic + typed else {
            context.hotdrop = true
            return false
        }
        if count == 0 { return false }
        guard basic + typed + count <= context.packet.transportLength else {
            context.hotdrop = true
            return false
        }
        return HawseDataplane.findOption(kind, header.base + basic + typed, count)
    }
}
