import HawseModel
import HawseWire

/// `-j ULOG`
struct ULogOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("ulog-nlgroup"),
        .init("ulog-prefix"),
        .init("ulog-cprange"),
        .init("ulog-qthreshold"),
    ]

    var target = ULogTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "ulog-nlgroup": target.group = try argument.uint8(min: 1, max: 32)
        case "ulog-prefix": target.prefix = try argument.string(max: 31)
        case "ulog-cprange": target.copyRange = try argument.uint32()
        default: target.threshold = try argument.uint32(min: 1, max: 50)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .ulog(target)
    }
}

extension ULogTarget {
    func write(to out: inout OptionText) {
        if !prefix.isEmpty {
            out.flag("ulog-prefix")
            out.string(prefix)
        }
        if group != 1 { out.option("ulog-nlgroup", group) }
        if copyRange != 0 { out.option("ulog-cprange", copyRange) }
        if threshold != 1 { out.option("ulog-qthreshold", threshold) }
    }
}
