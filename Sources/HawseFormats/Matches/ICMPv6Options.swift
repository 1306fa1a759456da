import HawseModel
import HawseWire

/// `-m icmp6`
struct ICMPv6Options: MatchOptions {
    static let words: [OptionWord] = [
        .init("icmpv6-type", inverts: true)
    ]

    var match = ICMPMatch(type: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = try icmpType(argument, names: icmpv6TypeNames)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("icmpv6-type", of: "icmp6")
        return .icmp6(match)
    }
}

private let icmpv6TypeNames: [ICMPTypeName] = [
    .init("destination-unreachable", 1), .init("no-route", 1, 0), .init("communication-prohibited", 1, 1),
    .init("beyond-scope", 1, 2), .init("address-unreachable", 1, 3), .init("port-unreachable", 1, 4),
    .init("failed-policy", 1, 5), .init("reject-route", 1, 6), .init("packet-too-big", 2),
    .init("time-exceeded", 3), .init("ttl-exceeded", 3), .init("ttl-zero-during-transit", 3, 0),
    .init("ttl-zero-during-reassembly", 3, 1), .init("parameter-problem", 4), .init("bad-header", 4, 0),
    .init("unknown-header-type", 4, 1), .init("unknown-option", 4, 2), .init("echo-request", 128),
    .init("ping", 128), .init("echo-reply", 129), .init("pong", 129), .init("mld-listener-query", 130),
    .init("mld-listener-report", 131),
    .init("mld-listener-done", 132), .init("mld-listener-reduction", 132), .init("router-solicitation", 133),
    .init("router-advertisement", 134), .init("neighbour-solicitation", 135),
    .init("neighbor-solicitation", 135),
    .init("neighbour-advertisement", 136), .init("neighbor-advertisement", 136), .init("redirect", 137),
]
