import CNetlink
import HawseModel
import HawseWire

/// Routing rules: `RTM_GETRULE` (`fib_rule_hdr`).
enum RuleReading {
    static func read(_ socket: borrowing NetlinkSocket, into spec: inout NodeSpec, _ notes: inout [String]) throws(HostError) {
        var lists: [[RoutingRule]] = []
        for (number, family) in [(UInt8(AF_INET), AddressFamily.ipv4), (UInt8(AF_INET6), .ipv6)] {
            var list: [RoutingRule] = []
            for message in try socket.dump(RTM_GETRULE, [number] + Array(repeating: 0, count: 11), headerLength: 12)
            where message.byte(0) == number {
                let rule = rule(message, family)
                list.append(rule)
                for (attribute, word) in [(FRA_L3MDEV, "l3mdev"), (FRA_UID_RANGE, "uidrange"), (FRA_TUN_ID, "tun_id")]
                where message.attributes.bytes(attribute) != nil {
                    notes.append("rule \(rule.priority): `\(word)' is not computed")
                }
            }
            lists.append(list)
        }
        spec.rules = NodeSpec.rules(v4: lists[0], v6: lists[1])
    }

    private static func rule(_ message: NetlinkMessage, _ family: AddressFamily) -> RoutingRule {
        let attributes = message.attributes
        var rule = RoutingRule(family: family, priority: attributes.integer(FRA_PRIORITY) ?? 0, action: .nop)
        rule.isInverted = message.integer(8, UInt32.self) & UInt32(FIB_RULE_INVERT) != 0
        rule.from = prefix(attributes.address(FRA_SRC), message.byte(2))
        rule.to = prefix(attributes.address(FRA_DST), message.byte(1))
        let mark: UInt32 = attributes.integer(FRA_FWMARK) ?? 0
        let mask: UInt32 = attributes.integer(FRA_FWMASK) ?? 0
        if mark != 0 || mask != 0 { rule.mark = MaskedValue(value: mark, mask: mask) }
        rule.inInterface = attributes.string(FRA_IIFNAME)
        rule.outInterface = attributes.string(FRA_OIFNAME)
        rule.tos = message.byte(3)
        rule.ipProtocol = attributes.integer(FRA_IP_PROTO, UInt8.self).map { IPProtocol(rawValue: $0) }
        rule.sourcePorts = ports(attributes.bytes(FRA_SPORT_RANGE))
        rule.destinationPorts = ports(attributes.bytes(FRA_DPORT_RANGE))
        rule.suppressedLength = attributes.integer(FRA_SUPPRESS_PREFIXLEN, UInt32.self).flatMap { $0 == .max ? nil : Int($0) }
        rule.suppressedGroup = attributes.integer(FRA_SUPPRESS_IFGROUP, UInt32.self).flatMap { $0 == .max ? nil : $0 }
        switch Int(message.byte(7)) {
        case FR_ACT_TO_TBL: rule.action = .lookup(table: attributes.integer(FRA_TABLE) ?? UInt32(message.byte(4)))
        case FR_ACT_GOTO: rule.action = .goto(priority: attributes.integer(FRA_GOTO) ?? 0)
        case FR_ACT_BLACKHOLE: rule.action = .blackhole
        case FR_ACT_UNREACHABLE: rule.action = .unreachable
        case FR_ACT_PROHIBIT: rule.action = .prohibit
        default: rule.action = .nop
        }
        return rule
    }

    private static func prefix(_ address: IPAddress?, _ length: UInt8) -> IPPrefix? {
        guard let address, length > 0 else { return nil }
        return IPPrefix(address, length: min(Int(length), address.family.bitCount))
    }

    /// `fib_rule_port_range`: two numbers in the host's byte order.
    private static func ports(_ bytes: [UInt8]?) -> ClosedRange<UInt16>? {
        guard let bytes, bytes.count == 4 else { return nil }
        let (first, last) = bytes.withUnsafeBytes {
            ($0.loadUnaligned(as: UInt16.self), $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
        return first <= last ? first...last : nil
    }
}
