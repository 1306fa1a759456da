import HawseModel
import HawseWire

/// `-j SNPT` and `-j DNPT`: the same options.
private struct NPTPrefixes {
    static let words: [OptionWord] = [.init("src-pfx"), .init("dst-pfx")]
    var source: IPPrefix?
    var destination: IPPrefix?

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        guard let prefix = IPPrefix(argument.text), prefix.family == .ipv6 else {
            throw argument.bad("an IPv6 prefix is wanted")
        }
        guard prefix.length <= 64 else { throw argument.bad("a prefix of at most 64 bits is wanted") }
        guard prefix == prefix.network else { throw argument.bad("host bits are set") }
        if argument.option == "src-pfx" { source = prefix } else { destination = prefix }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> NPTTarget {
        guard let source, let destination else {
            throw context.refuse("both --src-pfx and --dst-pfx are required")
        }
        return NPTTarget(source: source, destination: destination)
    }
}

struct SNPTOptions: TargetOptions {
    static let words = NPTPrefixes.words
    private var prefixes = NPTPrefixes()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) { try prefixes.take(argument) }
    func finish(_ context: RuleContext) throws(FormatError) -> Target { .snpt(try prefixes.finish(context)) }
}

struct DNPTOptions: TargetOptions {
    static let words = NPTPrefixes.words
    private var prefixes = NPTPrefixes()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) { try prefixes.take(argument) }
    func finish(_ context: RuleContext) throws(FormatError) -> Target { .dnpt(try prefixes.finish(context)) }
}

extension NPTTarget {
    func write(to out: inout OptionText) {
        out.option("src-pfx", source)
        out.option("dst-pfx", destination)
    }
}
