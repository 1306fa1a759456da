import HawseModel
import HawseWire

/// `-m tcp` (`tcp_mt`).
struct TCPOperation: MatchOperation {
    var sourcePorts: NumberRange<UInt16>
    var destinationPorts: NumberRange<UInt16>
    var flagMask: UInt8
    var flagComparison: UInt8
    var flagsInverted: Bool
    /// 0: not asked for.
    var option: UInt8
    var optionInverted: Bool

    init(_ match: TCPMatch) {
        sourcePorts = NumberRange(match.sourcePorts)
        destinationPorts = NumberRange(match.destinationPorts)
        flagMask = match.flags?.mask ?? 0
        flagComparison = match.flags?.comparison ?? 0
        flagsInverted = match.flags?.inverted ?? false
        option = match.option?.lower ?? 0
        optionInverted = match.option?.inverted ?? false
    }

    /// The destination ports, when it asks for nothing else.
    var onlyPorts: NumberRange<UInt16>? {
        sourcePorts.isEverything && flagMask == 0 && flagComparison == 0 && !flagsInverted && option == 0 ? destinationPorts : nil
    }

    @inline(__always)
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        if packet.isLaterFragment {
            // A fragment that starts within the header could change its flags: nobody normal sends one.
            if packet.isAtOffsetOne { context.hotdrop = true }
            return false
        }
        guard let header = context.transport(TCPHeader.length) else { return false }
        let tcp = TCPHeader(header)
        guard operation.pointee.sourcePorts.contains(tcp.sourcePort),
            operation.pointee.destinationPorts.contains(tcp.destinationPort)
        else { return false }
        let hit = tcp.flags.rawValue & operation.pointee.flagMask == operation.pointee.flagComparison
        guard hit != operation.pointee.flagsInverted else { return false }
        return operation.pointee.option == 0 || hasOption(operation, tcp, &context)
    }

    /// `tcp_find_option`
    @inline(never)
    private static func hasOption(
        _ operation: UnsafeMutablePointer<Self>, _ tcp: TCPHeader, _ context: inout RuleContext
    ) -> Bool {
        let count = tcp.headerLength - TCPHeader.length
        guard count >= 0, TCPHeader.length + count <= context.packet.transportLength else {
            context.hotdrop = true
            return false
        }
        return findOption(operation.pointee.option, tcp.base + TCPHeader.length, count) != operation.pointee.optionInverted
    }
}

/// Whether an option of this kind stands among `count` bytes. A length of 0 counts as 1, as the kernel has it.
func findOption(_ kind: UInt8, _ options: UnsafeMutableRawPointer, _ count: Int) -> Bool {
    var i = 0
    while i < count {
        let found = options.load8(at: i)
        if found == kind { return true }
        // The length byte of an option at the very end lies behind the options; its value then ends the loop anyway.
        if found < 2 || i + 1 >= count { i += 1 } else { i += max(Int(options.load8(at: i + 1)), 1) }
    }
    return false
}
