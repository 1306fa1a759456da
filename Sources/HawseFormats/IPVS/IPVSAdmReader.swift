import HawseModel
import HawseWire

/// Reads one ipvsadm command line, refusing with ipvsadm's own words and in its order: what an option says is looked at as
/// it comes, whether the options go together afterwards.
struct IPVSAdmReader {
    let tokens: [Token]
    var index = 0
    let location: SourceLocation

    var action: IPVSAdmOption?
    var given: [IPVSAdmOption.Meaning: SourceLocation] = [:]
    /// Words that belong to no option.
    var words: [Token] = []
    var serviceProtocol: IPProtocol?
    var family = AddressFamily.ipv4
    var address: (address: IPAddress, port: UInt16)?
    var mark: UInt32?
    var scheduler = VirtualService.Scheduler.wlc
    var unknownName: FormatError?
    var engine: VirtualService.Engine?
    var flagWords: Token?
    var persistence: UInt32?
    var maskLength: Int?
    var server: (address: IPAddress, port: UInt16)?
    var weight: Int32 = 1
    var upper: UInt32 = 0
    var lower: UInt32 = 0
    var tunnelType = "ipip"
    var tunnelPort: UInt16 = 0
    var daemonRole = IPVSSyncDaemon.Role.master
    var daemon = IPVSSyncDaemon(role: .master, interface: "eth0")

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
            if token.text == "--" {
                words += tokens[index...]
                index = tokens.count
            } else if token.text.hasPrefix("--") {
                try long(token)
            } else if token.text.hasPrefix("-"), token.text.utf8.count > 1 {
                try letters(token)
            } else {
                words.append(token)
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
            guard let option = IPVSAdmOption.named(letter) else {
                throw FormatError(place(token), "\(token.text): unknown option")
            }
            if option.takesArgument || option.meaning == .persistent, i + 1 < letters.count {
                // An equals sign may stand between.
                let isJoined = letters[i + 1] == "="
                let rest = Token(
                    text: String(letters[(i + (isJoined ? 2 : 1))...]), column: token.column + (isJoined ? 3 : 2) + i,
                    isQuoted: false)
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
        guard action != nil else {
            guard option.isCommand else {
                throw FormatError(
                    place(token), "Try `ipvsadm -h' or 'ipvsadm --help' for more information (a command comes first)")
            }
            return try takeCommand(option, attached, at: token)
        }
        if option.isCommand { throw FormatError(place(token), "invalid option `\(token.text)'") }
        let value = option.takesArgument ? try argument(option, attached, at: token) : attached ?? token
        let hasValue = attached != nil
        let kind = option.meaning.optionName
        guard option.meaning == .display || !given.keys.contains(where: { $0.optionName == kind }) else {
            throw FormatError(place(token), "multiple '\(kind)' options specified")
        }
        given[option.meaning] = place(token)
        if option.meaning == .display { displayWords.append((option.name, place(token))) }
        try takeOption(option, value, isAttached: hasValue)
    }

    /// Options that say how a listing looks, for which there is no place in a command.
    var displayWords: [(name: String, place: SourceLocation)] = []

    private mutating func takeCommand(
        _ option: IPVSAdmOption, _ attached: Token?, at token: Token
    ) throws(FormatError) {
        action = option
        guard option.meaning == .startDaemon || option.meaning == .stopDaemon else { return }
        let word = try argument(option, attached, at: token)
        guard let role = IPVSSyncDaemon.Role(rawValue: word.text) else {
            let kind = option.meaning == .startDaemon ? "start-daemon parameter" : "start_daemon"
            throw FormatError(
                place(word), "illegal \(kind) specified",
                suggestion: nearestWord(word.text, among: ["master", "backup"]))
        }
        daemonRole = role
    }

    private mutating func takeOption(_ option: IPVSAdmOption, _ value: Token, isAttached: Bool) throws(FormatError) {
        switch option.meaning {
        case .tcp: try service(.tcp, value)
        case .udp: try service(.udp, value)
        case .sctp: try service(.sctp, value)
        case .mark:
            guard let number = IPVSAdmText.number(value.text, 1, Int64(UInt32.max)) else {
                throw FormatError(place(value), "invalid fwmark value `\(value.text)' specified")
            }
            mark = UInt32(number)
            family = .ipv4
        case .ipv6:
            guard mark != nil else { throw FormatError(place(value), "-6 used before -f") }
            family = .ipv6
            maskLength = nil
        case .scheduler:
            if let known = VirtualService.Scheduler(rawValue: value.text) {
                scheduler = known
            } else {
                unknownName = notFound(value, among: VirtualService.Scheduler.allCases.map(\.rawValue))
            }
        case .engine:
            if let known = VirtualService.Engine(rawValue: value.text) {
                engine = known
            } else {
                unknownName = unknownName ?? notFound(value, among: VirtualService.Engine.allCases.map(\.rawValue))
            }
        case .persistent:
            persistence = 360
            if let word = isAttached ? value : optionalArgument() { persistence = UInt32(try timeout(word, least: 1)) }
        case .netmask: try netmask(value)
        case .schedulerFlags: flagWords = value
        case .server: try realServer(value)
        case .weight: weight = Int32(try number(value, "weight", 0, Int64(Int32.max)))
        case .upper: upper = UInt32(try number(value, "u_threshold", 0, Int64(Int32.max)))
        case .lower: lower = UInt32(try number(value, "l_threshold", 0, Int64(Int32.max)))
        case .tunnelType:
            guard ["ipip", "gue", "gre"].contains(value.text) else {
                throw FormatError(
                    place(value), "illegal tunnel type specified",
                    suggestion: nearestWord(value.text, among: ["ipip", "gue", "gre"]))
            }
            tunnelType = value.text
        case .tunnelPort: tunnelPort = UInt16(try number(value, "tunnel port", 1, 65535))
        default: try takeDaemonOption(option, value)
        }
    }

    /// What the kernel says of a name it has no module for.
    private func notFound(_ value: Token, among known: [String]) -> FormatError {
        FormatError(
            place(value), "Scheduler or persistence engine not found", suggestion: nearestWord(value.text, among: known))
    }

    private mutating func takeDaemonOption(_ option: IPVSAdmOption, _ value: Token) throws(FormatError) {
        switch option.meaning {
        case .multicastInterface: if !value.text.isEmpty { daemon.interface = String(value.text.prefix(15)) }
        case .syncID: daemon.syncID = UInt8(try number(value, "syncid", 0, 255))
        case .multicastGroup:
            let version = value.text.contains(":") ? "IPv6" : "IPv4"
            guard let group = IPAddress(value.text), group.isMulticast else {
                throw FormatError(place(value), "invalid \(version) mcast-group `\(value.text)'")
            }
            daemon.group = group
        case .multicastPort: daemon.port = UInt16(try number(value, "mcast-port", 1, 65535))
        case .multicastTTL: daemon.ttl = UInt8(try number(value, "mcast-ttl", 1, 255))
        case .maximumLength: daemon.maximumLength = UInt16(try number(value, "sync-maxlen", 1, 65507))
        default: break
        }
    }

    private func number(_ token: Token, _ what: String, _ least: Int64, _ most: Int64) throws(FormatError) -> Int64 {
        guard let value = IPVSAdmText.number(token.text, least, most) else {
            throw FormatError(place(token), "illegal \(what) specified")
        }
        return value
    }

    /// Seconds, up to 31 days.
    func timeout(_ token: Token, least: Int64) throws(FormatError) -> Int64 {
        guard let value = IPVSAdmText.number(token.text, least, 86_400 * 31) else {
            throw FormatError(place(token), "invalid timeout value `\(token.text)' specified")
        }
        return value
    }

    private mutating func service(_ ipProtocol: IPProtocol, _ value: Token) throws(FormatError) {
        guard let parsed = IPVSAdmText.addressAndPort(value.text, ipProtocol) else {
            throw FormatError(place(value), "illegal virtual server address[:port] specified")
        }
        serviceProtocol = ipProtocol
        address = (parsed.address, parsed.port ?? 0)
        family = parsed.address.family
        // An IPv6 address brings its own mask.
        if family == .ipv6 { maskLength = nil }
    }

    /// Without a port it is that of the service, as far as it is known by now.
    private mutating func realServer(_ value: Token) throws(FormatError) {
        guard let parsed = IPVSAdmText.addressAndPort(value.text, serviceProtocol ?? .tcp) else {
            throw FormatError(place(value), "illegal real server address[:port] specified")
        }
        server = (parsed.address, parsed.port ?? address?.port ?? 0)
    }

    private mutating func netmask(_ token: Token) throws(FormatError) {
        if family == .ipv6 {
            guard let length = IPVSAdmText.number(token.text, 1, 128) else {
                throw FormatError(place(token), "illegal ipv6 netmask specified")
            }
            maskLength = Int(length)
            return
        }
        // A mask with holes is possible for ipvsadm; nobody has one, and it is refused here.
        guard let mask = IPVSAdmText.shortIPv4(token.text),
            let length = mask.bits.prefixLength(family: .ipv4)
        else { throw FormatError(place(token), "illegal virtual server persistent mask specified") }
        maskLength = length
    }
}
