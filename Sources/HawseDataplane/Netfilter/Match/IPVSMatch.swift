import HawseModel
import HawseWire

/// `-m ipvs` (`ipvs_mt`): what IPVS knows of a packet.
struct IPVSOperation: MatchOperation {
    /// Only `--ipvs` was asked.
    var isPropertyOnly: Bool
    var propertyInverted: Bool

    init(_ match: IPVSMatch) {
        isPropertyOnly =
            match.ipProtocol == nil && match.address == nil && match.port == nil && match.direction == nil
            && match.method == nil && match.controllingPort == nil
        propertyInverted = match.isIPVS == false
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let isIPVS = context.packet.pointee.flags.contains(.ipvs)
        if operation.pointee.isPropertyOnly { return isIPVS != operation.pointee.propertyInverted }
        return false
    }
}
