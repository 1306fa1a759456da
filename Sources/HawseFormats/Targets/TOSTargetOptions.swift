import HawseModel
import HawseWire

/// `-j TOS`
struct TOSTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("set-tos", excludes: ["and-tos", "or-tos", "xor-tos"]),
        .init("and-tos", excludes: ["set-tos", "or-tos", "xor-tos"]),
        .init("or-tos", excludes: ["set-tos", "and-tos", "xor-tos"]),
        .init("xor-tos", excludes: ["set-tos", "and-tos", "or-tos"]),
    ]

    var target = TOSTarget(value: 0, mask: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "set-tos":
            let (value, mask) = try argument.tos(symbolMask: 0x3f)
            target = TOSTarget(value: value, mask: mask)
        case "and-tos": target = TOSTarget(value: 0, mask: ~(try argument.uint8()))
        case "or-tos":
            let bits = try argument.uint8()
            target = TOSTarget(value: bits, mask: bits)
        default: target = TOSTarget(value: try argument.uint8(), mask: 0)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("set-tos", "and-tos", "or-tos", "xor-tos", of: "TOS")
        return .tos(target)
    }
}

extension TOSTarget {
    func write(to out: inout OptionText) {
        out.option("set-tos", "\(hexText(value, width: 2))/\(hexText(mask, width: 2))")
    }
}
