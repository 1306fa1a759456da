import HawseModel
import HawseWire

/// `-m icmp`
struct ICMPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("icmp-type", inverts: true)
    ]

    var match = ICMPMatch.any

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = try icmpType(argument, names: icmpTypeNames)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("icmp-type", of: "icmp")
        return .icmp(match)
    }
}

struct ICMPTypeName: Sendable {
    var name: String
    var type: UInt8
    var codes: ClosedRange<UInt8>

    init(_ name: String, _ type: UInt8, _ code: UInt8? = nil) {
        self.name = name
        self.type = type
        codes = code.map { $0...$0 } ?? 0...255
    }
}

let icmpTypeNames: [ICMPTypeName] = [
    .init("any", 255), .init("echo-reply", 0), .init("pong", 0), .init("destination-unreachable", 3),
    .init("network-unreachable", 3, 0), .init("host-unreachable", 3, 1), .init("protocol-unreachable", 3, 2),
    .init("port-unreachable", 3, 3), .init("fragmentation-needed", 3, 4), .init("source-route-failed", 3, 5),
    .init("network-unknown", 3, 6), .init("host-unknown", 3, 7), .init("network-prohibited", 3, 9),
    .init("host-prohibited", 3, 10), .init("TOS-network-unreachable", 3, 11),
    .init("TOS-host-unreachable", 3, 12),
    .init("communication-prohibited", 3, 13), .init("host-precedence-violation", 3, 14),
    .init("precedence-cutoff", 3, 15), .init("source-quench", 4), .init("redirect", 5),
    .init("network-redirect", 5, 0), .init("host-redirect", 5, 1), .init("TOS-network-redirect", 5, 2),
    .init("TOS-host-redirect", 5, 3), .init("echo-request", 8), .init("ping", 8),
    .init("router-advertisement", 9),
    .init("router-solicitation", 10), .init("time-exceeded", 11), .init("ttl-exceeded", 11),
    .init("ttl-zero-during-transit", 11, 0), .init("ttl-zero-during-reassembly", 11, 1),
    .init("parameter-problem", 12), .init("ip-header-bad", 12, 0), .init("required-option-missing", 12, 1),
    .init("timestamp-request", 13), .init("timestamp-reply", 14), .init("address-mask-request", 17),
    .init("address-mask-reply", 18),
]

/// A name, the unique beginning of one, `type` or `type/code` (`ipt_parse_icmp`).
func icmpType(_ argument: OptionArgument, names: [ICMPTypeName]) throws(FormatError) -> ICMPMatch {
    let wanted = argument.text.lowercased()
    let exact = names.filter { $0.name.lowercased() == wanted }
    let found = exact.isEmpty ? names.filter { $0.name.lowercased().hasPrefix(wanted) } : exact
    if let only = found.first, !wanted.isEmpty {
        guard found.count == 1 else {
            let list = found.map(\.name).joined(separator: ", ")
            throw argument.refuse("Ambiguous ICMP type `\(argument.text)': \(list)")
        }
        return ICMPMatch(type: only.type, codes: only.codes, inverted: argument.inverted)
    }
    let parts = argument.text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let type = parseNumeral(parts[0], max: 255) else {
        throw argument.refuse(
            "Invalid ICMP type `\(argument.text)'", suggestion: nearestWord(wanted, among: names.map(\.name)))
    }
    guard parts.count == 2 else { return ICMPMatch(type: UInt8(type), inverted: argument.inverted) }
    let code = UInt8(try argument.number(parts[1], max: 255))
    return ICMPMatch(type: UInt8(type), codes: code...code, inverted: argument.inverted)
}

extension ICMPMatch {
    func write(option: String, to out: inout OptionText) {
        if type == 255, option == "icmp-type" {
            out.option(option, "any", inverted: inverted)
        } else if codes == 0...255 {
            out.option(option, type, inverted: inverted)
        } else {
            out.option(option, "\(type)/\(codes.lowerBound)", inverted: inverted)
        }
    }
}
