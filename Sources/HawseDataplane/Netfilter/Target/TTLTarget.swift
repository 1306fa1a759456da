import HawseModel
import HawseWire

/// TTL (`ttl_tg`) and HL (`hl_tg6`).
struct TTLAction: BitwiseCopyable {
    var operation: UInt8
    var value: UInt8

    init(_ target: TTLTarget) {
        operation = target.operation.rawValue
        value = target.value
    }

    func apply(_ context: RuleContext) {
        let packet = context.packet
        let old = packet.hopLimit
        let new: UInt8
        switch TTLTarget.Operation(rawValue: operation) {
        case .increment: new = UInt8(clamping: Int(old) + Int(value))
        case .decrement: new = UInt8(clamping: Int(old) - Int(value))
        default: new = value
        }
        guard new != old else { return }
        if packet.isIPv4 {
            let ip = packet.ipv4
            ip.checksum = ChecksumUpdate.replace16(ip.checksum, from: UInt16(old) << 8, to: UInt16(new) << 8)
            ip.ttl = new
        } else {
            packet.noteHeaderChange(from: UInt16(old), to: UInt16(new))
            packet.ipv6.hopLimit = new
        }
    }
}
