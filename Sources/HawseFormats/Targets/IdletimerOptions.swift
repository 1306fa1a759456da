import HawseModel
import HawseWire

/// `-j IDLETIMER`
struct IdletimerOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("timeout"),
        .init("label"),
        .init("alarm", arguments: .none),
    ]

    var target = IdletimerTarget(timeout: 0, label: "")

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "timeout": target.timeout = try argument.uint32()
        case "label": target.label = try argument.string(max: 27)
        default: target.isAlarm = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("timeout", of: "IDLETIMER")
        try context.require("label", of: "IDLETIMER")
        return .idletimer(target)
    }
}

extension IdletimerTarget {
    func write(to out: inout OptionText) {
        out.option("timeout", timeout)
        out.option("label", label)
        if isAlarm { out.flag("alarm") }
    }
}
