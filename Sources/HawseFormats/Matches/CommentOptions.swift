import HawseModel
import HawseWire

/// `-m comment`
struct CommentOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("comment")
    ]

    var text = ""

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        text = try argument.string(max: 255, min: 0)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("comment", of: "comment")
        return .comment(text)
    }
}
