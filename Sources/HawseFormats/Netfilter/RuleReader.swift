import HawseModel
import HawseWire

/// Reads one command (`-A INPUT -s … -j …`) word by word, as iptables' `do_parse` does with getopt.
struct RuleReader {
    struct LoadedMatch {
        var name: String
        var words: [OptionWord]
        var options: any MatchOptions
        var given: Set<String> = []
        var location: SourceLocation
        var order: Int
    }

    struct LoadedTarget {
        var name: String
        var words: [OptionWord]
        var options: any TargetOptions
        var given: Set<String> = []
        var location: SourceLocation
        var order: Int
    }

    enum Command {
        case append, check, delete, insert, replace, newChain, deleteChain, rename, flush, zero, policy
    }

    let tokens: [Token]
    var index = 0
    let family: AddressFamily
    /// The restore text's table; there `-t` is refused.
    let enclosingTable: TableName?
    var table: TableName?
    /// The table's chains, when they are known; a jump elsewhere is refused at once.
    let chains: ChainNames?
    var location: SourceLocation

    var command: Command?
    var chain: String?
    var secondName: String?
    var position: Int?
    var policy: Chain.Policy?
    var isInverted = false

    var rule = Rule()
    var sources: [AddressMatch] = []
    var destinations: [AddressMatch] = []
    var protocolWord: String?
    var matches: [LoadedMatch] = []
    var target: LoadedTarget?
    var plainTarget: Target?
    var hasCounters = false
    var loadOrder = 0
    var isProtocolUsed = false
    var givenInterfaces: Set<String> = []

    init(
        tokens: [Token], family: AddressFamily, table: TableName?, chains: ChainNames?,
        location: SourceLocation
    ) {
        self.tokens = tokens
        self.family = family
        enclosingTable = table
        self.table = table
        self.chains = chains
        self.location = location
        rule.location = location
    }

    func place(_ token: Token) -> SourceLocation {
        SourceLocation(file: location.file, line: location.line, column: token.column)
    }

    mutating func read() throws(FormatError) -> RuleCommand {
        while index < tokens.count {
            let token = tokens[index]
            if token.text == "!" {
                guard !isInverted else {
                    throw FormatError(place(token), "multiple consecutive ! not allowed")
                }
                isInverted = true
                index += 1
                continue
            }
            if token.text.hasPrefix("--"), token.text.utf8.count > 2 {
                try longOption(token)
            } else if token.text.hasPrefix("-"), token.text.utf8.count > 1, token.text != "--" {
                try shortOptions(token)
            } else {
                throw FormatError(place(token), "Bad argument `\(token.text)'")
            }
            isInverted = false
        }
        if isInverted { throw FormatError(location, "nothing appropriate following !") }
        return try finish()
    }

    // MARK: Options

    private mutating func shortOptions(_ token: Token) throws(FormatError) {
        let letters = Array(token.text.dropFirst())
        index += 1
        var i = 0
        while i < letters.count {
            let letter = letters[i]
            i += 1
            guard let option = generalOptions.first(where: { $0.letter == letter }) else {
                throw FormatError(place(token), "unknown option \"-\(letter)\"")
            }
            var value: Token?
            switch option.arguments {
            case .none: break
            case .one, .two:
                if i < letters.count {
                    value = Token(
                        text: String(letters[i...]), column: token.column + 1 + i, isQuoted: token.isQuoted)
                    i = letters.count
                } else {
                    value = try nextWord(for: "-\(letter)", at: token)
                }
            case .optional:
                if i < letters.count {
                    value = Token(
                        text: String(letters[i...]), column: token.column + 1 + i, isQuoted: token.isQuoted)
                    i = letters.count
                } else {
                    value = optionalWord()
                }
            }
            try general(option, value, at: token)
        }
    }

    mutating func nextWord(for option: String, at token: Token) throws(FormatError) -> Token {
        guard index < tokens.count else {
            throw FormatError(place(token), "option \"\(option)\" requires an argument")
        }
        index += 1
        return tokens[index - 1]
    }

    /// The next word unless it begins an option.
    mutating func optionalWord() -> Token? {
        guard index < tokens.count, !tokens[index].text.hasPrefix("-"), tokens[index].text != "!" else {
            return nil
        }
        index += 1
        return tokens[index - 1]
    }

    private mutating func longOption(_ token: Token) throws(FormatError) {
        let body = token.text.dropFirst(2)
        let name: String
        var attached: Token?
        if let equals = body.firstIndex(of: "=") {
            name = String(body[..<equals])
            let offset = 2 + body.distance(from: body.startIndex, to: equals) + 1
            attached = Token(
                text: String(body[body.index(after: equals)...]), column: token.column + offset,
                isQuoted: token.isQuoted)
        } else {
            name = String(body)
        }
        while true {
            switch try resolve(name, at: token) {
            case .general(let option)?:
                index += 1
                var value = attached
                if value == nil, option.arguments == .one || option.arguments == .two {
                    value = try nextWord(for: "--\(name)", at: token)
                } else if value == nil, option.arguments == .optional {
                    value = optionalWord()
                }
                return try general(option, value, at: token)
            case .match(let order, let word)?:
                index += 1
                return try extensionOption(word, order: order, attached: attached, at: token)
            case .target(let word)?:
                index += 1
                return try extensionOption(word, order: nil, attached: attached, at: token)
            case nil:
                guard try loadProtocolMatch(at: token) else { throw unknownOption(name, at: token) }
            }
        }
    }

    private func unknownOption(_ name: String, at token: Token) -> FormatError {
        var known = generalOptions.map(\.name)
        for match in matches { known += match.words.flatMap(\.names) }
        if let target { known += target.words.flatMap(\.names) }
        return FormatError(
            place(token), "unknown option \"--\(name)\"",
            suggestion: nearestWord(name, among: known).map { "--" + $0 })
    }

    private enum Resolved {
        case general(GeneralOption)
        case match(Int, OptionWord)
        case target(OptionWord)
    }

    /// getopt_long's way: the first exact name, general options first, then the extension that was loaded last; else
    /// the only option that begins so.
    private func resolve(_ name: String, at token: Token) throws(FormatError) -> Resolved? {
        if let option = generalOptions.first(where: { $0.name == name }) { return .general(option) }
        // The extensions, the one that was loaded last in front.
        var nearest: (order: Int, found: Resolved)?
        for i in matches.indices where matches[i].order > nearest?.order ?? -1 {
            guard let word = matches[i].words.first(where: { $0.names.contains(name) }) else { continue }
            nearest = (matches[i].order, .match(i, word))
        }
        if let target, target.order > nearest?.order ?? -1,
            let word = target.words.first(where: { $0.names.contains(name) })
        {
            nearest = (target.order, .target(word))
        }
        if let nearest { return nearest.found }
        return try abbreviated(name, at: token)
    }

    private func abbreviated(_ name: String, at token: Token) throws(FormatError) -> Resolved? {
        var groups: [(order: Int, words: [(OptionWord, Resolved)])] = matches.indices.map { i in
            (matches[i].order, matches[i].words.map { ($0, .match(i, $0)) })
        }
        if let target { groups.append((target.order, target.words.map { ($0, .target($0)) })) }
        groups.sort { $0.order > $1.order }
        var found: [Resolved] = []
        var names: [String] = []
        for option in generalOptions where option.name.hasPrefix(name) {
            found.append(.general(option))
            names.append(option.name)
        }
        for group in groups {
            for (word, resolved) in group.words {
                guard let match = word.names.first(where: { $0.hasPrefix(name) }) else { continue }
                found.append(resolved)
                names.append(match)
            }
        }
        if found.count > 1 {
            let list = names.map { "--" + $0 }.joined(separator: ", ")
            throw FormatError(place(token), "option \"--\(name)\" is ambiguous: \(list)")
        }
        return found.first
    }

    private mutating func extensionOption(
        _ word: OptionWord, order: Int?, attached: Token?, at token: Token
    ) throws(FormatError) {
        let owner = order.map { matches[$0].name } ?? target?.name ?? ""
        var first = attached
        var second = ""
        switch word.arguments {
        case .none:
            guard attached == nil else {
                throw FormatError(place(token), "\(owner): option \"--\(word.key)\" takes no argument")
            }
        case .one:
            if first == nil { first = try nextWord(for: "--\(word.key)", at: token) }
        case .two:
            if first == nil { first = try nextWord(for: "--\(word.key)", at: token) }
            second = try nextWord(for: "--\(word.key)", at: token).text
        case .optional:
            if first == nil { first = optionalWord() }
        }
        let argument = OptionArgument(
            owner: owner, option: word.key, text: first?.text ?? "", second: second, isGiven: first != nil,
            inverted: isInverted, family: family, location: place(first ?? token))
        let given = order.map { matches[$0].given } ?? target?.given ?? []
        try checkUse(word, given, owner: owner, at: token)
        if let order {
            matches[order].given.insert(word.key)
            try matches[order].options.take(argument)
        } else {
            target?.given.insert(word.key)
            try target?.options.take(argument)
        }
    }

    private func checkUse(
        _ word: OptionWord, _ given: Set<String>, owner: String, at token: Token
    ) throws(FormatError) {
        if isInverted, !word.canInvert {
            throw FormatError(place(token), "\(owner): option \"--\(word.key)\" cannot be inverted")
        }
        if !word.canRepeat, given.contains(word.key) {
            throw FormatError(place(token), "\(owner): option \"--\(word.key)\" can only be used once")
        }
        for other in word.excludes where given.contains(other) {
            throw FormatError(
                place(token), "\(owner): option \"--\(word.key)\" cannot be used together with \"--\(other)\""
            )
        }
    }

    // MARK: Extensions

    mutating func loadMatch(_ name: String, at place: SourceLocation) throws(FormatError) {
        guard let (key, type) = matchOptions(named: name, family: family) else {
            throw FormatError(
                place, "Couldn't load match `\(name)'",
                suggestion: nearestWord(name, among: matchNames(family: family)))
        }
        matches.append(
            LoadedMatch(
                name: key, words: type.words, options: type.init(family: family), location: place,
                order: loadOrder))
        loadOrder += 1
    }

    /// `-p tcp --dport 80`: an option that nobody knows makes the protocol's own match load.
    private mutating func loadProtocolMatch(at token: Token) throws(FormatError) -> Bool {
        guard let number = rule.ipProtocol?.number, let word = protocolWord, !isProtocolUsed else {
            return false
        }
        let names = [word, number.text, number == .mobility ? "mh" : ""]
        guard let name = names.first(where: { matchOptions(named: $0, family: family) != nil }) else {
            return false
        }
        isProtocolUsed = true
        try loadMatch(name, at: place(token))
        return true
    }
}
