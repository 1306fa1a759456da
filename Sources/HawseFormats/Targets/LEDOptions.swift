import HawseModel
import HawseWire

/// `-j LED`
struct LEDOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("led-trigger-id"),
        .init("led-delay"),
        .init("led-always-blink", arguments: .none),
    ]

    var target = LEDTarget(id: "")

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "led-trigger-id": target.id = try argument.string(max: 26)
        case "led-delay":
            target.delay = argument.text.lowercased() == "inf" ? .max : try argument.uint32()
        default: target.alwaysBlinks = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("led-trigger-id", of: "LED")
        return .led(target)
    }
}

extension LEDTarget {
    func write(to out: inout OptionText) {
        out.flag("led-trigger-id")
        out.string(id)
        if delay == .max {
            out.option("led-delay", "inf")
        } else if delay != 0 {
            out.option("led-delay", delay)
        }
        if alwaysBlinks { out.flag("led-always-blink") }
    }
}
