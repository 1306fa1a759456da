/// An option that a match or target knows: its names, the first of them its key, and how it is used.
struct OptionWord: Sendable {
    enum Arguments: Sendable {
        case none
        case one
        case two
        /// One if the next word is no option.
        case optional
    }

    var names: [String]
    var arguments: Arguments
    var canInvert: Bool
    var canRepeat: Bool
    /// Keys of options that cannot stand beside this one.
    var excludes: [String]

    var key: String { names[0] }

    init(
        _ names: String..., arguments: Arguments = .one, inverts: Bool = false, repeats: Bool = false,
        excludes: [String] = []
    ) {
        self.names = names
        self.arguments = arguments
        canInvert = inverts
        canRepeat = repeats
        self.excludes = excludes
    }
}
