import HawseModel
import HawseWire

/// Reads rules the way iptables-save writes the frequent ones, straight from the bytes: large rule sets consist of
/// little else. Whatever it does not know to the letter (other matches, other spellings, mistakes) it leaves to
/// `RuleReader`, which gives the same rule for every line that both understand.
struct SavedRuleReader {
    let family: AddressFamily
    let table: TableName
    let file: String
    private let hooks: [String]
    /// By number of the chain: the jump to it, made once.
    private var jumps: [Target?] = []
    private let bareTCP: [Match] = [.tcp(TCPMatch())]
    private let bareUDP: [Match] = [.udp(UDPMatch())]
    /// The comment of the line before; neighbouring rules often share it.
    private var lastComment: (bytes: UnsafeBufferPointer<UInt8>, match: Match)?

    init(family: AddressFamily, table: TableName, file: String) {
        self.family = family
        self.table = table
        self.file = file
        hooks = table.hooks.map(\.name)
    }

    /// The rule that stands behind `-A CHAIN`; `nil` when the general reader has to read it.
    mutating func rule(
        _ cursor: inout ByteCursor, in chain: String, line: Int, names: ChainNames, chains: [Chain], counters: Counters
    ) -> Rule? {
        var parts = RuleParts()
        while cursor.take(UInt8(ascii: " ")) {
            let isInverted = cursor.take("! ")
            guard cursor.take(UInt8(ascii: "-")), let letter = cursor.next, cursor.take(letter),
                cursor.take(UInt8(ascii: " "))
            else { return nil }
            let isUnderstood: Bool
            switch letter {
            case UInt8(ascii: "s"): isUnderstood = address(&cursor, isInverted, into: &parts.source)
            case UInt8(ascii: "d"): isUnderstood = address(&cursor, isInverted, into: &parts.destination)
            case UInt8(ascii: "i"):
                guard chain != "POSTROUTING", chain != "OUTPUT" else { return nil }
                isUnderstood = interface(&cursor, isInverted, into: &parts.inInterface)
            case UInt8(ascii: "o"):
                guard chain != "PREROUTING", chain != "INPUT" else { return nil }
                isUnderstood = interface(&cursor, isInverted, into: &parts.outInterface)
            case UInt8(ascii: "p"): isUnderstood = ipProtocol(&cursor, isInverted, into: &parts)
            case UInt8(ascii: "m"): isUnderstood = !isInverted && match(&cursor, into: &parts)
            case UInt8(ascii: "j"): isUnderstood = !isInverted && jump(&cursor, names, chains, into: &parts)
            default: return nil
            }
            guard isUnderstood, cursor.isAtWordEnd else { return nil }
        }
        guard cursor.isAtEnd else { return nil }
        return Rule(
            counters: counters, source: parts.source, destination: parts.destination, inInterface: parts.inInterface,
            outInterface: parts.outInterface, ipProtocol: parts.ipProtocol, matches: parts.matches,
            target: parts.target, location: SourceLocation(file: file, line: line, column: 1))
    }

    private struct RuleParts {
        var source: AddressMatch?
        var destination: AddressMatch?
        var inInterface: InterfaceMatch?
        var outInterface: InterfaceMatch?
        var ipProtocol: ProtocolMatch?
        var matches: [Match] = []
        var target: Target?
    }

    // MARK: The generic part

    private func address(_ cursor: inout ByteCursor, _ isInverted: Bool, into match: inout AddressMatch?) -> Bool {
        guard match == nil else { return false }
        let address: IPAddress
        if family == .ipv4 {
            guard let value = cursor.ipv4() else { return false }
            address = IPAddress(ipv4: value)
        } else {
            guard let text = cursor.bareWord() else { return false }
            let end = text.firstIndex(of: UInt8(ascii: "/")) ?? text.count
            cursor.reset(to: cursor.at - text.count + end)
            let word = String(decoding: text[..<end], as: UTF8.self)
            guard let parsed = IPAddress(word), parsed.family == .ipv6 else { return false }
            address = parsed
        }
        var length = UInt64(family.bitCount)
        if cursor.take(UInt8(ascii: "/")) {
            guard let given = cursor.decimal(max: length) else { return false }
            length = given
        }
        guard length > 0 else { return false }
        match = AddressMatch(
            address: address, mask: .mask(prefixLength: Int(length), family: family), inverted: isInverted)
        return true
    }

    private func interface(
        _ cursor: inout ByteCursor, _ isInverted: Bool, into match: inout InterfaceMatch?
    ) -> Bool {
        guard match == nil, let word = cursor.bareWord(), word.count < 16, word.count > 1 || word[0] != UInt8(ascii: "+")
        else { return false }
        match = InterfaceMatch(text: String(decoding: word, as: UTF8.self), inverted: isInverted)
        return true
    }

    private func ipProtocol(_ cursor: inout ByteCursor, _ isInverted: Bool, into parts: inout RuleParts) -> Bool {
        guard parts.ipProtocol == nil else { return false }
        let number: IPProtocol
        if cursor.takeWord("tcp") {
            number = .tcp
        } else if cursor.takeWord("udp") {
            number = .udp
        } else {
            guard let word = cursor.bareWord(), let known = IPProtocol(text: String(decoding: word, as: UTF8.self)),
                known.rawValue != 0
            else { return false }
            number = known
        }
        parts.ipProtocol = ProtocolMatch(number, inverted: isInverted)
        return true
    }

    // MARK: Matches

    private mutating func match(_ cursor: inout ByteCursor, into parts: inout RuleParts) -> Bool {
        if cursor.take("comment --comment ") { return comment(&cursor, into: &parts) }
        if cursor.takeWord("tcp") {
            guard let (source, destination) = ports(&cursor) else { return false }
            if parts.matches.isEmpty, source == nil, destination == nil {
                parts.matches = bareTCP
            } else {
                parts.matches.append(.tcp(TCPMatch(sourcePorts: source, destinationPorts: destination)))
            }
            return true
        }
        if cursor.takeWord("udp") {
            guard let (source, destination) = ports(&cursor) else { return false }
            if parts.matches.isEmpty, source == nil, destination == nil {
                parts.matches = bareUDP
            } else {
                parts.matches.append(.udp(UDPMatch(sourcePorts: source, destinationPorts: destination)))
            }
            return true
        }
        if cursor.take("statistic --mode random --probability ") {
            guard let probability = fraction(&cursor) else { return false }
            parts.matches.append(.statistic(StatisticMatch(mode: .random(probability: probability))))
            return true
        }
        if cursor.take("mark ") { return mark(&cursor, into: &parts) }
        if cursor.take("conntrack --ctstate ") { return states(&cursor, into: &parts) }
        return false
    }

    private mutating func comment(_ cursor: inout ByteCursor, into parts: inout RuleParts) -> Bool {
        guard let text = cursor.word(), text.count <= 255 else { return false }
        if let last = lastComment, last.bytes.count == text.count, last.bytes.elementsEqual(text) {
            parts.matches.append(last.match)
            return true
        }
        let match = Match.comment(String(decoding: text, as: UTF8.self))
        lastComment = (text, match)
        parts.matches.append(match)
        return true
    }

    /// `[!] --sport a[:b] [!] --dport a[:b]`
    private func ports(
        _ cursor: inout ByteCursor
    ) -> (source: ValueRange<UInt16>?, destination: ValueRange<UInt16>?)? {
        var source: ValueRange<UInt16>?
        var destination: ValueRange<UInt16>?
        while true {
            let start = cursor.at
            guard cursor.take(UInt8(ascii: " ")) else { return (source, destination) }
            let isInverted = cursor.take("! ")
            if cursor.take("--dport ") {
                guard destination == nil, let range = portRange(&cursor, isInverted) else { return nil }
                destination = range
            } else if cursor.take("--sport ") {
                guard source == nil, let range = portRange(&cursor, isInverted) else { return nil }
                source = range
            } else {
                cursor.reset(to: start)
                return (source, destination)
            }
        }
    }

    private func portRange(_ cursor: inout ByteCursor, _ isInverted: Bool) -> ValueRange<UInt16>? {
        guard let lower = cursor.decimal(max: 65535) else { return nil }
        var upper = lower
        if cursor.take(UInt8(ascii: ":")) {
            guard let end = cursor.decimal(max: 65535), end >= lower else { return nil }
            upper = end
        }
        return ValueRange(UInt16(lower), UInt16(upper), inverted: isInverted)
    }

    /// A decimal fraction up to 1 as the kernel's share of 2³¹. Numerator and power of ten are exact as doubles, so
    /// that their quotient is the double nearest to the decimal.
    private func fraction(_ cursor: inout ByteCursor) -> UInt32? {
        guard let whole = cursor.decimal(max: 1), cursor.take(UInt8(ascii: ".")) else { return nil }
        var numerator = Double(whole)
        var scale = 1.0
        var digits = 0
        while let byte = cursor.next, byte &- UInt8(ascii: "0") < 10, cursor.take(byte) {
            numerator = numerator * 10 + Double(byte - UInt8(ascii: "0"))
            scale *= 10
            digits += 1
        }
        let value = numerator / scale
        guard digits > 0, digits <= 14, value <= 1 else { return nil }
        return UInt32((value * 2_147_483_648).rounded(.toNearestOrAwayFromZero))
    }

    private func mark(_ cursor: inout ByteCursor, into parts: inout RuleParts) -> Bool {
        let isInverted = cursor.take("! ")
        guard cursor.take("--mark "), let value = cursor.hexadecimal() else { return false }
        var mask = UInt32.max
        if cursor.take(UInt8(ascii: "/")) {
            guard let given = cursor.hexadecimal() else { return false }
            mask = given
        }
        parts.matches.append(.mark(MarkMatch(MaskedValue(value: value, mask: mask, inverted: isInverted))))
        return true
    }

    private func states(_ cursor: inout ByteCursor, into parts: inout RuleParts) -> Bool {
        var states: ConntrackMatch.States = []
        repeat {
            if cursor.take("NEW") {
                states.insert(.new)
            } else if cursor.take("ESTABLISHED") {
                states.insert(.established)
            } else if cursor.take("RELATED") {
                states.insert(.related)
            } else if cursor.take("INVALID") {
                states.insert(.invalid)
            } else {
                return false
            }
        } while cursor.take(UInt8(ascii: ","))
        var match = ConntrackMatch()
        match.states = Flagged(states)
        parts.matches.append(.conntrack(match))
        return true
    }

    // MARK: Targets

    private mutating func jump(
        _ cursor: inout ByteCursor, _ names: ChainNames, _ chains: [Chain], into parts: inout RuleParts
    ) -> Bool {
        guard parts.target == nil, let word = cursor.bareWord() else { return false }
        var name = ByteCursor(word)
        if name.takeWord("ACCEPT") {
            parts.target = .accept
        } else if name.takeWord("DROP") {
            guard table != .nat else { return false }
            parts.target = .drop
        } else if name.takeWord("RETURN") {
            parts.target = .return
        } else if let number = names[word] {
            parts.target = jump(to: number, chains)
        } else if name.takeWord("DNAT") {
            parts.target = dnat(&cursor, parts.ipProtocol)
        } else if name.takeWord("MARK") {
            parts.target = setMark(&cursor)
        } else if name.takeWord("MASQUERADE") {
            parts.target = .masquerade(MasqueradeTarget(randomFully: cursor.take(" --random-fully")))
        }
        return parts.target != nil
    }

    private mutating func jump(to number: Int, _ chains: [Chain]) -> Target? {
        if number < jumps.count, let known = jumps[number] { return known }
        let name = chains[number].name
        guard name.utf8.count <= 28, !name.hasPrefix("-"), !name.hasPrefix("!"), !hooks.contains(name), name != "QUEUE",
            name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
        else { return nil }
        while jumps.count < chains.count { jumps.append(nil) }
        let jump = Target.jump(name)
        jumps[number] = jump
        return jump
    }

    /// One IPv4 address, with or without a port.
    private func dnat(_ cursor: inout ByteCursor, _ ipProtocol: ProtocolMatch?) -> Target? {
        guard family == .ipv4, cursor.take(" --to-destination "), let address = cursor.ipv4() else { return nil }
        guard cursor.take(UInt8(ascii: ":")) else { return .dnat(NATTarget(address: IPAddress(ipv4: address))) }
        guard let port = cursor.decimal(max: 65535), let number = ipProtocol?.number, number == .tcp || number == .udp
        else { return nil }
        return .dnat(NATTarget(address: IPAddress(ipv4: address), port: UInt16(port)))
    }

    private func setMark(_ cursor: inout ByteCursor) -> Target? {
        guard cursor.take(" --set-xmark "), let value = cursor.hexadecimal(), cursor.take(UInt8(ascii: "/")),
            let mask = cursor.hexadecimal()
        else { return nil }
        return .mark(MarkTarget(value: value, mask: mask))
    }
}
