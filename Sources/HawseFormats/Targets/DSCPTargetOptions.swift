import HawseModel
import HawseWire

/// `-j DSCP`
struct DSCPTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("set-dscp", excludes: ["set-dscp-class"]),
        .init("set-dscp-class", excludes: ["set-dscp"]),
    ]

    var value: UInt8 = 0

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        value = argument.option == "set-dscp" ? try argument.uint8(max: 63) : try argument.word(dscpClasses)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("set-dscp", "set-dscp-class", of: "DSCP")
        return .dscp(DSCPTarget(value))
    }
}

extension DSCPTarget {
    func write(to out: inout OptionText) { out.option("set-dscp", hexText(value, width: 2)) }
}
