import HawseModel
import HawseWire

/// `-j ECN`
struct ECNTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("ecn-tcp-remove", arguments: .none, excludes: ["ecn-tcp-cwr", "ecn-tcp-ece"]),
        .init("ecn-tcp-cwr", excludes: ["ecn-tcp-remove"]),
        .init("ecn-tcp-ece", excludes: ["ecn-tcp-remove"]),
        .init("ecn-ip-ect"),
    ]

    var target = ECNTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "ecn-tcp-remove": target.removesTCP = true
        case "ecn-tcp-cwr": target.cwr = try argument.uint8(max: 1) == 1
        case "ecn-tcp-ece": target.ece = try argument.uint8(max: 1) == 1
        default: target.ipCodepoint = try argument.uint8(max: 3)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        guard !context.given.isEmpty else { throw context.refuse("ECN: An operation is required") }
        let changesTCP = target.removesTCP || target.cwr != nil || target.ece != nil
        guard !changesTCP || context.ipProtocol == ProtocolMatch(.tcp) else {
            throw context.refuse("ECN: changing the TCP header needs `-p tcp'")
        }
        return .ecn(target)
    }
}

extension ECNTarget {
    func write(to out: inout OptionText) {
        if removesTCP {
            out.flag("ecn-tcp-remove")
        } else {
            if let ece { out.option("ecn-tcp-ece", ece ? 1 : 0) }
            if let cwr { out.option("ecn-tcp-cwr", cwr ? 1 : 0) }
        }
        if let ipCodepoint { out.option("ecn-ip-ect", ipCodepoint) }
    }
}
