import HawseModel
import HawseWire

/// What the rest of the rule means to an extension's options.
struct RuleContext {
    var family: AddressFamily
    /// `nil`: the text is not inside a table.
    var table: TableName?
    /// The rule's `-p`, as far as it has been read.
    var ipProtocol: ProtocolMatch?
    /// The extension's `-m` or `-j` word.
    var location: SourceLocation
    /// The key of every option given.
    var given: Set<String> = []

    func refuse(_ message: String) -> FormatError { FormatError(location, message) }

    /// At least one of `options` must be there.
    func require(_ options: String..., of owner: String) throws(FormatError) {
        guard options.contains(where: { given.contains($0) }) else {
            throw refuse(
                options.count == 1
                    ? "\(owner): option \"--\(options[0])\" must be specified"
                    : "\(owner): one of \(options.map { "--" + $0 }.joined(separator: ", ")) must be specified"
            )
        }
    }
}

/// The options of one match, gathered as they are read. One file in `Matches/` each.
protocol MatchOptions: SendableMetatype {
    static var words: [OptionWord] { get }
    init(family: AddressFamily)
    /// An option of `words`, by its key.
    mutating func take(_ argument: OptionArgument) throws(FormatError)
    /// After the rule's last word.
    func finish(_ context: RuleContext) throws(FormatError) -> Match
}

/// The options of one target. One file in `Targets/` each.
protocol TargetOptions: SendableMetatype {
    static var words: [OptionWord] { get }
    init(family: AddressFamily)
    mutating func take(_ argument: OptionArgument) throws(FormatError)
    func finish(_ context: RuleContext) throws(FormatError) -> Target
}
