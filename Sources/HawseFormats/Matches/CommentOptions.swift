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
        // What is longer is cut off.
        text = String(decoding: argument.text.utf8.prefix(255), as: UTF8.self)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("comment", of: "comment")
        return .comment(text)
    }
}
