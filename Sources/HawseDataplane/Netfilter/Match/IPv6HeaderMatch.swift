import HawseModel
import HawseWire

/// `-m ipv6header` (`ipv6header_mt6`).
struct IPv6HeaderOperation: MatchOperation {
    var headers: UInt8
    var isSoft: Bool
    var inverted: Bool

    init(_ match: IPv6HeaderMatch) {
        headers = match.headers.rawValue
        isSoft = match.isSoft
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard let present = IPv6HeaderSet.present(in: context.packet.networkPointer, length: context.packet.length)
        else { return false }
        let wanted = operation.pointee.headers
        if operation.pointee.isSoft {
            let inversion: UInt8 = operation.pointee.inverted ? 0xff : 0
            return (present.rawValue ^ wanted ^ inversion) & wanted == 0
        }
        return (present.rawValue == wanted) != operation.pointee.inverted
    }
}
