import HawseModel
import HawseWire

/// `-j SYNPROXY`
struct SynproxyOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("sack-perm", arguments: .none),
        .init("timestamp", arguments: .none),
        .init("wscale"),
        .init("mss"),
        .init("ecn", arguments: .none),
    ]

    var target = SynproxyTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "sack-perm": target.sackPermitted = true
        case "timestamp": target.timestamp = true
        case "wscale": target.windowScale = UInt8(truncatingIfNeeded: try argument.uint32())
        case "mss": target.mss = UInt16(truncatingIfNeeded: try argument.uint32())
        default: target.ecn = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .synproxy(target)
    }
}

extension SynproxyTarget {
    func write(to out: inout OptionText) {
        if sackPermitted { out.flag("sack-perm") }
        if timestamp { out.flag("timestamp") }
        if let windowScale { out.option("wscale", windowScale) }
        if let mss { out.option("mss", mss) }
        if ecn { out.flag("ecn") }
    }
}
