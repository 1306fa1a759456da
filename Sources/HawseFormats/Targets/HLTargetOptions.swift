import HawseModel
import HawseWire

/// `-j HL`
struct HLTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("hl-set", excludes: ["hl-dec", "hl-inc"]),
        .init("hl-dec", excludes: ["hl-set", "hl-inc"]),
        .init("hl-inc", excludes: ["hl-set", "hl-dec"]),
    ]

    var target = TTLTarget(operation: .set, value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        target = try ttlOperation(argument)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("hl-set", "hl-dec", "hl-inc", of: "HL")
        return .hl(target)
    }
}
