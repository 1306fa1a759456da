import HawseModel
import HawseWire

/// Reads one ipvsadm command line, refusing with ipvsadm's own words.
struct IPVSAdmReader {
    let tokens: [Token]
    var index = 0
    let location: SourceLocation

    var action: IPVSAdmOption?
    var given: [IPVSAdmOption.Meaning: SourceLocation] = [:]
    var serviceProtocol: IPProtocol?
    var address: (address: IPAddress, port: UInt16)?
    var mark: UInt32?
    var scheduler = VirtualService.Scheduler.wlc
    var flagWords: [Token] = []
    var persistence: UInt32?
    var netmask: Token?
    var server: Token?
    var weight: Int32 = 1
    var upper: UInt32 = 0
    var lower: UInt32 = 0
    var tunnelType: String?
    var tunnelPort: UInt16?
    var timeouts: IPVSSpec.Timeouts?
    var daemonRole: IPVSSyncDaemon.Role?
    var daemon = IPVSSyncDaemon(role: .master, interface: "")

    init(tokens: [Token], location: SourceLocation) {
        self.tokens = tokens
        self.location = location
    }

    func place(_ token: Token) -> SourceLocation {
        SourceLocation(file: location.file, line: location.line, column: token.column)
    }

    mutating func command() throws(FormatError) -> IPVSCommand {
        while index < tokens.count {
            let token = tokens[index]
            index += 1
            if token.text.hasPrefix("--"), token.text.utf8.count > 2 {
                try long(token)
            } else if token.text.hasPrefix("-"), token.text.utf8.count > 1 {
                try letters(token)
            } else {
                throw FormatError(place(token), "unexpected argument \(token.text)")
            }
        }
        return try finish()
    }

    private mutating func long(_ token: Token) throws(FormatError) {
        let parts = token.text.dropFirst(2).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        guard let option = IPVSAdmOption.all.first(where: { $0.name == name }) else {
            throw FormatError(
                place(token), "--\(name): unknown option",
                suggestion: nearestWord(name, among: IPVSAdmOption.all.map(\.name)).map { "--" + $0 })
        }
        var attached: Token?
        if parts.count == 2 {
            attached = Token(text: String(parts[1]), column: token.column + 3 + name.count, isQuoted: false)
        }
        try take(option, attached, at: token)
    }

    private mutating func letters(_ token: Token) throws(FormatError) {
        let letters = Array(token.text.dropFirst())
        for (i, letter) in letters.enumerated() {
            guard let option = IPVSAdmOption.all.first(where: { $0.letter == letter }) else {
                throw FormatError(place(token), "-\(letter): unknown option")
            }
            if option.takesArgument, i + 1 < letters.count {
                let rest = Token(
                    text: String(letters[(i + 1)...]), column: token.column + 2 + i, isQuoted: false)
                return try take(option, rest, at: token)
            }
            try take(option, nil, at: token)
        }
    }

    private mutating func argument(_ option: IPVSAdmOption, _ attached: Token?, at token: Token)
        throws(FormatError) -> Token
    {
        if let attached { return attached }
        guard index < tokens.count else { throw FormatError(place(token), "\(token.text): missing argument") }
        index += 1
        return tokens[index - 1]
    }

    /// The next word when it begins no option.
    private mutating func optionalArgument() -> Token? {
        guard index < tokens.count, !tokens[index].text.hasPrefix("-") else { return nil }
        index += 1
        return tokens[index - 1]
    }

    private mutating func take(_ option: IPVSAdmOption, _ attached: Token?, at token: Token)
        throws(FormatError)
    {
        if option.isCommand { return try takeCommand(option, attached, at: token) }
        let isService = option.meaning.group == .service
        let repeated =
            given[option.meaning] != nil || (isService && given.keys.contains { $0.group == .service })
        guard !repeated || option.meaning == .display else {
            throw FormatError(place(token), "multiple '\(option.meaning.optionName)' options specified")
        }
        given[option.meaning] = place(token)
        let value = option.takesArgument ? try argument(option, attached, at: token) : nil
        try takeOption(option, value ?? token)
    }

    private mutating func takeCommand(
        _ option: IPVSAdmOption, _ attached: Token?, at token: Token
    ) throws(FormatError) {
        guard action == nil else { throw FormatError(place(token), "multiple commands specified") }
        action = option
        switch option.meaning {
        case .setTimeouts:
            var numbers: [UInt32] = []
            while numbers.count < 3 {
                let word = try argument(option, nil, at: token)
                guard let value = parseDecimal(word.text, max: 86400 * 31) else {
                    throw FormatError(place(word), "invalid timeout value `\(word.text)' specified")
                }
                numbers.append(UInt32(value))
            }
            timeouts = IPVSSpec.Timeouts(tcp: numbers[0], tcpFin: numbers[1], udp: numbers[2])
        case .startDaemon, .stopDaemon:
            let word = try argument(option, attached, at: token)
            guard let role = IPVSSyncDaemon.Role(rawValue: word.text) else {
                let kind = option.meaning == .startDaemon ? "start-daemon parameter" : "start_daemon"
                throw FormatError(
                    place(word), "illegal \(kind) specified",
                    suggestion: nearestWord(word.text, among: ["master", "backup"]))
            }
            daemonRole = role
        default: break
        }
    }

    private mutating func takeOption(_ option: IPVSAdmOption, _ value: Token) throws(FormatError) {
        switch option.meaning {
        case .tcp: try service(.tcp, value)
        case .udp: try service(.udp, value)
        case .sctp: try service(.sctp, value)
        case .mark:
            guard let number = parseNumeral(value.text, max: UInt64(UInt32.max)), number > 0 else {
                throw FormatError(place(value), "invalid fwmark value `\(value.text)' specified")
            }
            mark = UInt32(number)
        case .scheduler:
            guard let known = VirtualService.Scheduler(rawValue: value.text) else {
                throw FormatError(
                    place(value), "Scheduler or persistence engine not found: `\(value.text)'",
                    suggestion: nearestWord(
                        value.text, among: VirtualService.Scheduler.allCases.map(\.rawValue)))
            }
            scheduler = known
        case .engine:
            throw FormatError(place(value), "Scheduler or persistence engine not found: `\(value.text)'")
        case .persistent:
            persistence = 360
            if let word = optionalArgument() {
                guard let seconds = parseDecimal(word.text, max: 86400 * 31), seconds >= 1 else {
                    throw FormatError(place(word), "invalid timeout value `\(word.text)' specified")
                }
                persistence = UInt32(seconds)
            }
        case .netmask: netmask = value
        case .schedulerFlags: flagWords.append(value)
        case .server: server = value
        case .weight: weight = Int32(try number(value, "weight", max: 65535))
        case .upper: upper = UInt32(try number(value, "u_threshold", max: UInt64(Int32.max)))
        case .lower: lower = UInt32(try number(value, "l_threshold", max: UInt64(Int32.max)))
        case .tunnelType:
            guard ["ipip", "gue", "gre"].contains(value.text) else {
                throw FormatError(
                    place(value), "illegal tunnel type specified",
                    suggestion: nearestWord(value.text, among: ["ipip", "gue", "gre"]))
            }
            tunnelType = value.text
        case .tunnelPort: tunnelPort = UInt16(try number(value, "tunnel port", min: 1, max: 65535))
        default: try takeDaemonOption(option, value)
        }
    }

    private mutating func takeDaemonOption(_ option: IPVSAdmOption, _ value: Token) throws(FormatError) {
        switch option.meaning {
        case .multicastInterface:
            guard (1...15).contains(value.text.utf8.count) else {
                throw FormatError(place(value), "illegal mcast-interface specified")
            }
            daemon.interface = value.text
        case .syncID: daemon.syncID = UInt8(try number(value, "syncid", max: 255))
        case .multicastGroup:
            guard let group = IPAddress(value.text), group.isMulticast else {
                throw FormatError(place(value), "invalid IPv4 mcast-group `\(value.text)'")
            }
            daemon.group = group
        case .multicastPort: daemon.port = UInt16(try number(value, "mcast-port", min: 1, max: 65535))
        case .multicastTTL: daemon.ttl = UInt8(try number(value, "mcast-ttl", min: 1, max: 255))
        case .maximumLength:
            daemon.maximumLength = UInt16(try number(value, "sync-maxlen", min: 1, max: 65507))
        default: break
        }
    }

    private func number(_ token: Token, _ what: String, min: UInt64 = 0, max: UInt64) throws(FormatError)
        -> UInt64
    {
        guard let value = parseNumeral(token.text, max: max), value >= min else {
            throw FormatError(place(token), "illegal \(what) specified")
        }
        return value
    }

    private mutating func service(_ ipProtocol: IPProtocol, _ value: Token) throws(FormatError) {
        guard let parsed = addressAndPort(value.text) else {
            throw FormatError(place(value), "illegal virtual server address[:port] specified")
        }
        serviceProtocol = ipProtocol
        address = (parsed.address, parsed.port ?? 0)
    }

    /// `10.0.0.1`, `10.0.0.1:80`, `[fd00::1]:80`, `fd00::1`.
    func addressAndPort(_ text: String) -> (address: IPAddress, port: UInt16?)? {
        if let plain = IPAddress(text) { return (plain, nil) }
        let host: Substring
        var portText: Substring?
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if !rest.isEmpty { portText = rest.dropFirst() }
        } else {
            guard let colon = text.firstIndex(of: ":") else { return nil }
            host = text[..<colon]
            portText = text[text.index(after: colon)...]
        }
        guard let address = IPAddress(host), text.hasPrefix("[") == (address.family == .ipv6) else {
            return nil
        }
        guard let portText else { return (address, nil) }
        guard
            let port = parseNumeral(portText, max: 65535).map({ UInt16($0) })
                ?? serviceNames[String(portText)]
        else {
            return nil
        }
        return (address, port)
    }
}
