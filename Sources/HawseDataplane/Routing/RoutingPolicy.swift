import HawseModel
import HawseWire

/// What a lookup is asked for (`struct flowi4`, `struct flowi6`).
struct RouteQuestion {
    /// IPTOS_RT_MASK: what IPv4 routes and rules compare of the type of service.
    static let tosMask: UInt8 = 0x1c

    var destination: AddressBits
    var source: AddressBits = .zero
    var mark: UInt32 = 0
    /// DSCP bits only (`tos & 0xfc` after the kernel's masking).
    var tos: UInt8 = 0
    var inInterface: UInt16 = 0
    var outInterface: UInt16 = 0
    /// IPv6 `RT6_LOOKUP_F_IFACE`: the device must match.
    var isStrict = false
    /// Multipath hash, computed by who asks; 0 is as good as any.
    var hash: UInt32 = 0
    /// What rules may ask for besides: the upper protocol and its ports.
    var ipProtocol: IPProtocol = .unspecified
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0
}

/// A rule of `ip rule`, compiled (`struct fib_rule`).
struct PolicyRule {
    enum Action { case lookup(UInt32), unreachable, prohibit, blackhole, nop, goto(UInt32) }
    var priority: UInt32
    var isInverted: Bool
    var from: AddressBits
    var fromMask: AddressBits
    var to: AddressBits
    var toMask: AddressBits
    var mark: UInt32
    var markMask: UInt32
    /// 0: any. `UInt16.max`: a name that no device has, so it never matches.
    var inInterface: UInt16
    var outInterface: UInt16
    var tos: UInt8
    /// IPv4 rules compare what once was the type of service, IPv6 rules the whole DSCP (`fib_dscp_masked_match`).
    var tosMask: UInt8
    /// 0: any.
    var ipProtocol: IPProtocol
    var sourcePorts: ClosedRange<UInt16>
    var destinationPorts: ClosedRange<UInt16>
    /// -1: none.
    var suppressedLength: Int
    var suppressedGroup: Int64
    var action: Action

    init(_ rule: RoutingRule, family: AddressFamily, interfaces: InterfaceTable) {
        priority = rule.priority
        isInverted = rule.isInverted
        from = rule.from.map { $0.network.address.bits } ?? .zero
        fromMask = rule.from?.mask ?? .zero
        to = rule.to.map { $0.network.address.bits } ?? .zero
        toMask = rule.to?.mask ?? .zero
        let matched = rule.mark ?? MaskedValue(value: 0, mask: 0)
        mark = matched.value & matched.mask
        markMask = matched.mask
        inInterface = rule.inInterface.map { interfaces.index(of: $0) ?? .max } ?? 0
        outInterface = rule.outInterface.map { interfaces.index(of: $0) ?? .max } ?? 0
        tos = rule.tos
        tosMask = family == .ipv4 ? RouteQuestion.tosMask : 0xfc
        ipProtocol = rule.ipProtocol ?? .unspecified
        sourcePorts = rule.sourcePorts ?? 0...UInt16.max
        destinationPorts = rule.destinationPorts ?? 0...UInt16.max
        suppressedLength = rule.suppressedLength ?? -1
        suppressedGroup = rule.suppressedGroup.map { Int64($0) } ?? -1
        action =
            switch rule.action {
            case .lookup(let table): .lookup(table)
            case .unreachable: .unreachable
            case .prohibit: .prohibit
            case .blackhole: .blackhole
            case .nop: .nop
            case .goto(let priority): .goto(priority)
            }
    }

    /// `fib_rule_match`.
    @inline(__always)
    func matches(_ q: RouteQuestion) -> Bool {
        var hit = inInterface == 0 || inInterface == q.inInterface
        hit = hit && (outInterface == 0 || outInterface == q.outInterface)
        hit = hit && (q.mark ^ mark) & markMask == 0
        hit = hit && (q.source ^ from) & fromMask == .zero && (q.destination ^ to) & toMask == .zero
        hit = hit && (tos == 0 || tos == q.tos & tosMask)
        hit = hit && (ipProtocol == .unspecified || ipProtocol == q.ipProtocol)
        hit = hit && sourcePorts.contains(q.sourcePort) && destinationPorts.contains(q.destinationPort)
        return hit != isInverted
    }
}

/// One family's rules in order.
struct RoutingPolicy {
    private var rules: UnsafeMutablePointer<PolicyRule>
    private(set) var count: Int
    /// `fib_has_custom_rules`: somebody ran `ip rule`; local and main are separate tables from then on.
    let isCustom: Bool
    /// Some rule looks at the upper protocol or its ports (`fib_rules_require_fldissect`).
    let looksAtPorts: Bool

    init(_ spec: [RoutingRule], family: AddressFamily, interfaces: InterfaceTable) {
        let mine = spec.filter { rule in
            rule.family == family
                || (rule.family == nil && (rule.from?.family ?? family) == family && (rule.to?.family ?? family) == family)
        }
        var ordered = mine.enumerated().sorted { ($0.element.priority, $0.offset) < ($1.element.priority, $1.offset) }
            .map(\.element)
        let defaults = RoutingRule.defaults
        // IPv6 has no table 253, but a rule more that finds nothing changes nothing.
        isCustom =
            ordered.contains { rule in !defaults.contains { $0.priority == rule.priority && $0.action == rule.action } }
        if ordered.isEmpty { ordered = defaults }
        looksAtPorts = ordered.contains { $0.ipProtocol != nil || $0.sourcePorts != nil || $0.destinationPorts != nil }
        count = ordered.count
        rules = .allocate(capacity: count)
        for (i, rule) in ordered.enumerated() {
            (rules + i).initialize(to: PolicyRule(rule, family: family, interfaces: interfaces))
        }
    }

    func deallocate() {
        rules.deinitialize(count: count)
        rules.deallocate()
    }

    @inline(__always)
    subscript(i: Int) -> UnsafeMutablePointer<PolicyRule> { rules + i }
}
