import HawseModel
import HawseWire

/// `-j SECMARK`
struct SecmarkOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("selctx")
    ]

    var context = ""

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        context = try argument.string(max: 255)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("selctx", of: "SECMARK")
        return .secmark(SecmarkTarget(self.context))
    }
}

extension SecmarkTarget {
    func write(to out: inout OptionText) { out.option("selctx", context) }
}
