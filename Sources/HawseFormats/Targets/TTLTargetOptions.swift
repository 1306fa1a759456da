import HawseModel
import HawseWire

/// `-j TTL`
struct TTLTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("ttl-set", excludes: ["ttl-dec", "ttl-inc"]),
        .init("ttl-dec", excludes: ["ttl-set", "ttl-inc"]),
        .init("ttl-inc", excludes: ["ttl-set", "ttl-dec"]),
    ]

    var target = TTLTarget(operation: .set, value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        target = try ttlOperation(argument)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("ttl-set", "ttl-dec", "ttl-inc", of: "TTL")
        return .ttl(target)
    }
}

/// `--ttl-set`, `--ttl-dec`, `--ttl-inc` and those of HL.
func ttlOperation(_ argument: OptionArgument) throws(FormatError) -> TTLTarget {
    switch argument.option.suffix(4) {
    case "-dec": TTLTarget(operation: .decrement, value: try argument.uint8(min: 1))
    case "-inc": TTLTarget(operation: .increment, value: try argument.uint8(min: 1))
    default: TTLTarget(operation: .set, value: try argument.uint8())
    }
}

extension TTLTarget {
    func write(prefix: String, to out: inout OptionText) {
        let names: [Operation: String] = [.set: "set", .increment: "inc", .decrement: "dec"]
        out.option("\(prefix)-\(names[operation] ?? "set")", value)
    }
}
