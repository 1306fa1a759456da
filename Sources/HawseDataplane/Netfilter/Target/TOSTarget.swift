import HawseModel
import HawseWire

/// TOS (`tos_tg`, `tos_tg6`).
struct TOSAction: BitwiseCopyable {
    var value: UInt8
    var mask: UInt8

    init(_ target: TOSTarget) {
        value = target.value
        mask = target.mask
    }

    func apply(_ context: RuleContext) {
        let old = context.packet.dsField
        context.packet.changeDSField((old & ~mask) ^ value)
    }
}

/// DSCP (`dscp_tg`, `dscp_tg6`): the two ECN bits stay.
struct DSCPAction: BitwiseCopyable {
    var value: UInt8

    init(_ target: DSCPTarget) { value = target.value & 63 }

    func apply(_ context: RuleContext) {
        let old = context.packet.dsField
        context.packet.changeDSField(old & 3 | value << 2)
    }
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// `ipv4_change_dsfield` / `ipv6_change_dsfield`, with the IPv4 header checksum as the kernel's short cut gives it.
    func changeDSField(_ new: UInt8) {
        guard isIPv4 else {
            let old = ipv6.trafficClass
            guard old != new else { return }
            noteHeaderChange(from: UInt16(old) << 4, to: UInt16(new) << 4)
            ipv6.trafficClass = new
            return
        }
        let ip = ipv4
        guard ip.tos != new else { return }
        var check = UInt32(ip.checksum) &+ UInt32(ip.tos)
        if (check &+ 1) >> 16 != 0 { check = (check &+ 1) & 0xffff }
        check = check &- UInt32(new)
        check = check &+ (check >> 16)
        ip.checksum = UInt16(truncatingIfNeeded: check)
        ip.tos = new
    }

    /// A word of the IPv6 header becomes another, and nothing makes up for it.
    func noteHeaderChange(from old: UInt16, to new: UInt16) {
        let sum = UInt32(pointee.headerSum) &+ UInt32(new) &+ UInt32(~old)
        let folded = (sum & 0xffff) &+ (sum >> 16)
        pointee.headerSum = UInt16(truncatingIfNeeded: (folded & 0xffff) &+ (folded >> 16))
    }
}
