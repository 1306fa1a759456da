import HawseModel
import HawseWire

/// `-j CHECKSUM`
struct ChecksumOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("checksum-fill", arguments: .none)
    ]

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {}

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("checksum-fill", of: "CHECKSUM")
        return .checksum
    }
}
