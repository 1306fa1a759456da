import HawseModel
import HawseWire

/// ECN (`ecn_tg`).
struct ECNAction: BitwiseCopyable {
    var setsIP: Bool
    var codepoint: UInt8
    /// 0: left alone, 1: cleared, 2: set.
    var cwr: UInt8
    var ece: UInt8

    init(_ target: ECNTarget) {
        setsIP = target.ipCodepoint != nil
        codepoint = (target.ipCodepoint ?? 0) & 3
        cwr = target.removesTCP ? 1 : target.cwr.map { $0 ? 2 : 1 } ?? 0
        ece = target.removesTCP ? 1 : target.ece.map { $0 ? 2 : 1 } ?? 0
    }

    func apply(_ context: RuleContext) -> TargetResult {
        let packet = context.packet
        let ip = packet.ipv4
        if setsIP, ip.tos & 3 != codepoint {
            let new = ip.tos & 0xfc | codepoint
            ip.checksum = ChecksumUpdate.replace16(ip.checksum, from: UInt16(ip.tos), to: UInt16(new))
            ip.tos = new
        }
        guard cwr | ece != 0, packet.pointee.ipProtocol == .tcp else { return .continue }
        guard packet.transportLength >= TCPHeader.length else { return .drop }
        let tcp = packet.tcp
        var flags = tcp.flags
        if ece != 0 { if ece == 2 { flags.insert(.ece) } else { flags.remove(.ece) } }
        if cwr != 0 { if cwr == 2 { flags.insert(.cwr) } else { flags.remove(.cwr) } }
        guard flags != tcp.flags else { return .continue }
        let old = tcp.base.loadBE16(at: TCPHeader.Field.dataOffset)
        tcp.flags = flags
        let new = tcp.base.loadBE16(at: TCPHeader.Field.dataOffset)
        tcp.checksum = ChecksumUpdate.replaceTransport16(tcp.checksum, from: old, to: new)
        return .continue
    }
}
