import HawseModel
import HawseWire

/// An option of iptables itself.
struct GeneralOption: Sendable {
    enum Meaning: Sendable {
        case append, check, delete, insert, replace, newChain, deleteChain, rename, flush, zero, policy
        case list
        case source, destination, ipProtocol, inInterface, outInterface, fragment
        case jump, goto, match, table, counters, ipv4, ipv6
        /// Says nothing about the rule: -n, -v, -w …
        case display
    }

    var name: String
    var letter: Character?
    var arguments: OptionWord.Arguments
    var meaning: Meaning

    init(_ name: String, _ letter: Character?, _ arguments: OptionWord.Arguments, _ meaning: Meaning) {
        self.name = name
        self.letter = letter
        self.arguments = arguments
        self.meaning = meaning
    }
}

let generalOptions: [GeneralOption] = [
    .init("append", "A", .one, .append), .init("delete", "D", .one, .delete),
    .init("check", "C", .one, .check),
    .init("insert", "I", .one, .insert), .init("replace", "R", .one, .replace),
    .init("list", "L", .optional, .list), .init("list-rules", "S", .optional, .list),
    .init("flush", "F", .optional, .flush), .init("zero", "Z", .optional, .zero),
    .init("new-chain", "N", .one, .newChain), .init("delete-chain", "X", .optional, .deleteChain),
    .init("rename-chain", "E", .one, .rename), .init("policy", "P", .one, .policy),
    .init("source", "s", .one, .source), .init("destination", "d", .one, .destination),
    .init("src", nil, .one, .source), .init("dst", nil, .one, .destination),
    .init("protocol", "p", .one, .ipProtocol), .init("in-interface", "i", .one, .inInterface),
    .init("jump", "j", .one, .jump), .init("table", "t", .one, .table), .init("match", "m", .one, .match),
    .init("numeric", "n", .none, .display), .init("out-interface", "o", .one, .outInterface),
    .init("verbose", "v", .none, .display), .init("wait", "w", .optional, .display),
    .init("wait-interval", "W", .optional, .display), .init("exact", "x", .none, .display),
    .init("fragments", "f", .none, .fragment), .init("line-numbers", nil, .none, .display),
    .init("modprobe", "M", .one, .display), .init("set-counters", "c", .one, .counters),
    .init("goto", "g", .one, .goto), .init("ipv4", "4", .none, .ipv4), .init("ipv6", "6", .none, .ipv6),
]

extension RuleReader {
    mutating func general(_ option: GeneralOption, _ value: Token?, at token: Token) throws(FormatError) {
        let text = value?.text ?? ""
        let spot = place(value ?? token)
        if isInverted {
            switch option.meaning {
            case .source, .destination, .ipProtocol, .inInterface, .outInterface, .fragment: break
            default: throw FormatError(place(token), "unexpected ! flag before --\(option.name)")
            }
        }
        switch option.meaning {
        case .source: sources = try addresses(text, already: sources, option, at: spot)
        case .destination: destinations = try addresses(text, already: destinations, option, at: spot)
        case .ipProtocol: try setProtocol(text, at: spot)
        case .inInterface, .outInterface: try setInterface(option, text, at: spot)
        case .fragment:
            guard family == .ipv4 else { throw FormatError(spot, "-f is for IPv4 only; use -m frag") }
            guard rule.fragment == nil else { throw FormatError(spot, "multiple -f flags not allowed") }
            rule.fragment = !isInverted
        case .jump: try setJump(text, at: spot)
        case .goto:
            guard plainTarget == nil, target == nil else {
                throw FormatError(spot, "multiple -j or -g not allowed")
            }
            try requireChain(text, at: spot)
            plainTarget = .goto(text)
        case .match: try loadMatch(text, at: spot)
        case .table: try setTable(text, at: spot)
        case .counters: try setCounters(text, at: spot)
        case .ipv4, .ipv6:
            guard (option.meaning == .ipv4) == (family == .ipv4) else {
                throw FormatError(spot, "--\(option.name) does not fit this command's address family")
            }
        case .display:
            if enclosingTable != nil, option.letter == "w" || option.letter == "W" {
                throw FormatError(place(token), "You cannot use `-\(option.name)' from iptables-restore")
            }
            if option.letter == "n" {
                throw FormatError(place(token), "Illegal option `-n' with this command")
            }
        case .list:
            throw FormatError(place(token), "--\(option.name) changes nothing and is not understood here")
        default: try setCommand(option, value, at: token)
        }
    }

    private mutating func setCommand(
        _ option: GeneralOption, _ value: Token?, at token: Token
    ) throws(FormatError) {
        guard command == nil else {
            throw FormatError(place(token), "Cannot use --\(option.name) with another command")
        }
        if let value {
            if option.meaning == .append || option.meaning == .newChain || option.meaning == .policy {
                try checkChainName(value.text, at: place(value))
            }
            chain = value.text
        }
        switch option.meaning {
        case .append: command = .append
        case .check: command = .check
        case .delete:
            command = .delete
            position = try ruleNumber()
        case .insert:
            command = .insert
            position = try ruleNumber()
        case .replace:
            command = .replace
            guard let number = try ruleNumber() else {
                throw FormatError(place(token), "-R requires a rule number")
            }
            position = number
        case .newChain: command = .newChain
        case .deleteChain: command = .deleteChain
        case .rename:
            command = .rename
            let new = try nextWord(for: "-E", at: token)
            try checkChainName(new.text, at: place(new))
            secondName = new.text
        case .flush: command = .flush
        case .zero:
            command = .zero
            if chain != nil { position = try ruleNumber() }
        case .policy:
            command = .policy
            let word = try nextWord(for: "-P", at: token)
            guard let policy = Chain.Policy(rawValue: word.text) else {
                throw FormatError(
                    place(word), "Bad policy name `\(word.text)'",
                    suggestion: nearestWord(word.text, among: ["ACCEPT", "DROP"]))
            }
            self.policy = policy
        default: break
        }
    }

    private mutating func ruleNumber() throws(FormatError) -> Int? {
        guard let word = optionalWord() else { return nil }
        guard let number = parseNumeral(word.text, max: UInt64(Int32.max)), number >= 1 else {
            throw FormatError(place(word), "Invalid rule number `\(word.text)'")
        }
        return Int(number)
    }

    private func addresses(
        _ text: String, already: [AddressMatch], _ option: GeneralOption, at spot: SourceLocation
    ) throws(FormatError) -> [AddressMatch] {
        guard already.isEmpty else { throw FormatError(spot, "multiple --\(option.name) flags not allowed") }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var found: [AddressMatch] = []
        for part in parts {
            let trimmed = part.drop { $0 == " " }
            guard let match = parseAddressMatch(trimmed, family: family, inverted: isInverted) else {
                let kind = family == .ipv4 ? "IPv4" : "IPv6"
                throw FormatError(spot, "`\(part)' is no \(kind) address or network (names are not resolved)")
            }
            found.append(match)
        }
        return found
    }

    private mutating func setProtocol(_ text: String, at spot: SourceLocation) throws(FormatError) {
        guard rule.ipProtocol == nil, protocolWord == nil else {
            throw FormatError(spot, "multiple -p flags not allowed")
        }
        guard let number = IPProtocol(text: text) else {
            throw FormatError(
                spot, "unknown protocol \"\(text)\" specified",
                suggestion: nearestWord(text, among: IPProtocol.knownNames))
        }
        protocolWord = text.lowercased()
        guard number.rawValue != 0 else {
            guard !isInverted else { throw FormatError(spot, "rule would never match protocol") }
            return
        }
        rule.ipProtocol = ProtocolMatch(number, inverted: isInverted)
    }

    private mutating func setInterface(
        _ option: GeneralOption, _ text: String, at spot: SourceLocation
    ) throws(FormatError) {
        let isIn = option.meaning == .inInterface
        guard givenInterfaces.insert(option.name).inserted else {
            throw FormatError(spot, "multiple --\(option.name) flags not allowed")
        }
        guard !text.isEmpty else { throw FormatError(spot, "Empty interface is likely to be undesired") }
        guard text.utf8.count < 16 else {
            throw FormatError(spot, "interface name `\(text)' must be shorter than 16 bytes")
        }
        // `-i +` asks nothing.
        guard text != "+" || isInverted else { return }
        let match = InterfaceMatch(text: text, inverted: isInverted)
        if isIn { rule.inInterface = match } else { rule.outInterface = match }
    }

    private mutating func setTable(_ text: String, at spot: SourceLocation) throws(FormatError) {
        guard enclosingTable == nil else {
            throw FormatError(spot, "The -t option cannot be used in iptables-restore")
        }
        guard let name = TableName(rawValue: text) else {
            throw FormatError(
                spot, "can't initialize table `\(text)': Table does not exist",
                suggestion: nearestWord(text, among: TableName.allCases.map(\.rawValue)))
        }
        table = name
    }

    private mutating func setCounters(_ text: String, at spot: SourceLocation) throws(FormatError) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let second: Substring? = parts.count == 2 ? parts[1] : optionalWord().map { $0.text[...] }
        guard let packets = parseDecimal(parts[0]), let second, let bytes = parseDecimal(second) else {
            throw FormatError(spot, "-c packet and byte counters must be numeric")
        }
        rule.counters = Counters(packets: packets, bytes: bytes)
        hasCounters = true
    }

    private mutating func setJump(_ text: String, at spot: SourceLocation) throws(FormatError) {
        guard plainTarget == nil, target == nil else {
            throw FormatError(spot, "multiple -j or -g not allowed")
        }
        switch text {
        case "ACCEPT": plainTarget = .accept
        case "DROP": plainTarget = .drop
        case "QUEUE": plainTarget = .queue
        case "RETURN": plainTarget = .return
        default:
            if let type = targetOptions(named: text, family: family), chains?.contains(text) != true {
                target = LoadedTarget(
                    name: text, words: type.words, options: type.init(family: family), location: spot,
                    order: loadOrder)
                loadOrder += 1
            } else {
                try requireChain(text, at: spot)
                plainTarget = .jump(text)
            }
        }
    }

    private func requireChain(_ name: String, at spot: SourceLocation) throws(FormatError) {
        try checkChainName(name, at: spot)
        guard let chains else { return }
        if let table, table.hooks.contains(where: { $0.name == name }) {
            throw FormatError(spot, "\(name) is a builtin chain and cannot be jumped to")
        }
        guard !chains.contains(name) else { return }
        throw FormatError(
            spot, "no chain or target named `\(name)'",
            suggestion: nearestWord(name, among: chains.sorted + targetNames(family: family)))
    }

    func checkChainName(_ name: String, at spot: SourceLocation) throws(FormatError) {
        guard !name.isEmpty, name.utf8.count <= 28 else {
            throw FormatError(spot, "chain name `\(name)' must have from 1 to 28 bytes")
        }
        guard !name.hasPrefix("-"), !name.hasPrefix("!") else {
            throw FormatError(spot, "chain name not allowed to start with `\(name.prefix(1))'")
        }
        guard !name.contains(where: \.isWhitespace) else {
            throw FormatError(spot, "whitespace not allowed in chain name")
        }
    }
}
