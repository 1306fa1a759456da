import HawseModel
import HawseWire

/// `-j REJECT`
struct RejectOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("reject-with")
    ]

    var kind: RejectTarget.Kind
    let words: [(String, RejectTarget.Kind)]

    init(family: AddressFamily) {
        kind = family == .ipv4 ? .portUnreachable : .v6PortUnreachable
        words = family == .ipv4 ? v4Words : v6Words
    }

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let wanted = argument.text.lowercased()
        guard
            let found = words.first(where: { $0.0 == wanted })
                ?? words.first(where: { $0.0.hasPrefix(wanted) && !wanted.isEmpty })
        else {
            throw argument.refuse(
                "unknown reject type \"\(argument.text)\"",
                suggestion: nearestWord(wanted, among: words.map(\.0)))
        }
        kind = found.1
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        if kind == .tcpReset, context.ipProtocol != ProtocolMatch(.tcp) {
            throw context.refuse("REJECT: tcp-reset needs `-p tcp'")
        }
        return .reject(RejectTarget(kind))
    }
}

extension RejectTarget {
    func write(to out: inout OptionText) { out.option("reject-with", kind.rawValue) }
}

private let v4Words: [(String, RejectTarget.Kind)] = [
    ("icmp-net-unreachable", .netUnreachable), ("net-unreach", .netUnreachable),
    ("icmp-host-unreachable", .hostUnreachable), ("host-unreach", .hostUnreachable),
    ("icmp-proto-unreachable", .protocolUnreachable), ("proto-unreach", .protocolUnreachable),
    ("icmp-port-unreachable", .portUnreachable), ("port-unreach", .portUnreachable),
    ("icmp-net-prohibited", .netProhibited), ("net-prohib", .netProhibited),
    ("icmp-host-prohibited", .hostProhibited), ("host-prohib", .hostProhibited), ("tcp-reset", .tcpReset),
    ("tcp-rst", .tcpReset), ("icmp-admin-prohibited", .adminProhibited), ("admin-prohib", .adminProhibited),
]

private let v6Words: [(String, RejectTarget.Kind)] = [
    ("icmp6-no-route", .v6NoRoute), ("no-route", .v6NoRoute), ("icmp6-adm-prohibited", .v6AdminProhibited),
    ("adm-prohibited", .v6AdminProhibited), ("icmp6-addr-unreachable", .v6AddressUnreachable),
    ("addr-unreach", .v6AddressUnreachable), ("icmp6-port-unreachable", .v6PortUnreachable),
    ("port-unreach", .v6PortUnreachable), ("tcp-reset", .tcpReset), ("icmp6-policy-fail", .v6PolicyFail),
    ("policy-fail", .v6PolicyFail), ("icmp6-reject-route", .v6RejectRoute), ("reject-route", .v6RejectRoute),
]
