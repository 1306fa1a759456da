import HawseModel
import HawseWire

/// `-j MARK`
struct MarkTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("set-xmark", excludes: ["set-mark", "and-mark", "or-mark", "xor-mark"]),
        .init("set-mark", excludes: ["set-xmark", "and-mark", "or-mark", "xor-mark"]),
        .init("and-mark", excludes: ["set-xmark", "set-mark", "or-mark", "xor-mark"]),
        .init("or-mark", excludes: ["set-xmark", "set-mark", "and-mark", "xor-mark"]),
        .init("xor-mark", excludes: ["set-xmark", "set-mark", "and-mark", "or-mark"]),
    ]

    var target = MarkTarget(value: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "set-xmark":
            let mark = try argument.masked()
            target = MarkTarget(value: mark.value, mask: mark.mask)
        case "set-mark":
            let mark = try argument.masked()
            target = .set(mark.value, mask: mark.mask)
        case "and-mark": target = .and(try argument.uint32())
        case "or-mark": target = .or(try argument.uint32())
        default: target = .xor(try argument.uint32())
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("set-xmark", "set-mark", "and-mark", "or-mark", "xor-mark", of: "MARK")
        return .mark(target)
    }
}

extension MarkTarget {
    func write(to out: inout OptionText) { out.option("set-xmark", "\(hexText(value))/\(hexText(mask))") }
}
