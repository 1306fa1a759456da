import HawseModel
import HawseWire

/// `-j DNAT`
struct DNATOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("to-destination"), .init("random", arguments: .none), .init("persistent", arguments: .none),
    ]
    var target = NATTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "to-destination": try target.setDestination(argument, allowsBase: true)
        case "random": target.random = true
        default: target.persistent = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("to-destination", of: "DNAT")
        try requirePorts(context, target.ports != nil)
        return .dnat(target)
    }
}

/// `-j SNAT`
struct SNATOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("to-source"), .init("random", arguments: .none), .init("random-fully", arguments: .none),
        .init("persistent", arguments: .none),
    ]
    var target = NATTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "to-source": try target.setDestination(argument, allowsBase: false)
        case "random": target.random = true
        case "random-fully": target.randomFully = true
        default: target.persistent = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("to-source", of: "SNAT")
        try requirePorts(context, target.ports != nil)
        return .snat(target)
    }
}

/// A port can only be given when the rule matches a protocol that has ports.
func requirePorts(_ context: RuleContext, _ hasPorts: Bool) throws(FormatError) {
    guard hasPorts else { return }
    let known: Set<IPProtocol> = [.tcp, .udp, .sctp, .dccp, .icmp, .icmpv6]
    guard let match = context.ipProtocol, known.contains(match.number) else {
        throw context.refuse("Need TCP, UDP, SCTP or DCCP with port specification")
    }
}

extension OptionArgument {
    /// `80` or `80-90`.
    func portSpan(_ text: some StringProtocol) throws(FormatError) -> ClosedRange<UInt16> {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { throw refuse("Port range `\(text)' not valid") }
        let lower = try port(parts[0])
        let upper = parts.count == 2 ? try port(parts[1]) : lower
        guard lower <= upper else { throw refuse("Port range `\(text)' not valid") }
        return lower...upper
    }
}

extension NATTarget {
    /// `[address[-address]][:port[-port[/port]]]`, IPv6 addresses in brackets when ports follow (`parse_to`).
    mutating func setDestination(_ argument: OptionArgument, allowsBase: Bool) throws(FormatError) {
        var addressPart = argument.text[...]
        var portPart: Substring?
        if argument.family == .ipv6 {
            if addressPart.hasPrefix("[") {
                guard let end = addressPart.firstIndex(of: "]") else {
                    throw argument.bad("the bracket is never closed")
                }
                let rest = addressPart[addressPart.index(after: end)...]
                guard rest.isEmpty || rest.hasPrefix(":") else {
                    throw argument.bad("`:' is wanted after `]'")
                }
                if !rest.isEmpty { portPart = rest.dropFirst() }
                addressPart = addressPart[..<end].dropFirst()
            } else if addressPart.hasPrefix(":"), !addressPart.hasPrefix("::") {
                portPart = addressPart.dropFirst()
                addressPart = ""
            }
        } else if let colon = addressPart.firstIndex(of: ":") {
            portPart = addressPart[addressPart.index(after: colon)...]
            addressPart = addressPart[..<colon]
        }
        if let portPart { try setPorts(portPart, argument, allowsBase: allowsBase) }
        guard !addressPart.isEmpty else {
            guard portPart != nil else { throw argument.bad("an address or a port is wanted") }
            return
        }
        let ends = addressPart.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2 else { throw argument.bad("an address or a range of addresses is wanted") }
        let lower = try argument.address(ends[0])
        let upper = ends.count == 2 ? try argument.address(ends[1]) : lower
        guard lower <= upper else { throw argument.bad("the range is upside down") }
        addresses = lower...upper
    }

    private mutating func setPorts(
        _ text: Substring, _ argument: OptionArgument, allowsBase: Bool
    ) throws(FormatError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 1 || (parts.count == 2 && allowsBase) else {
            throw argument.refuse("Port range `\(text)' not valid")
        }
        ports = try argument.portSpan(parts[0])
        if parts.count == 2 { basePort = try argument.port(parts[1]) }
    }

    func write(option: String, to out: inout OptionText) {
        var text = ""
        if let addresses {
            text = addresses.lowerBound.description
            if addresses.upperBound != addresses.lowerBound { text += "-\(addresses.upperBound)" }
            if addresses.lowerBound.family == .ipv6, ports != nil { text = "[\(text)]" }
        }
        if let ports {
            text += ":" + spanText(ports)
            if let basePort { text += "/\(basePort)" }
        }
        out.option(option, text)
        if random { out.flag("random") }
        if randomFully { out.flag("random-fully") }
        if persistent { out.flag("persistent") }
    }
}

/// `80` or `80-90`.
func spanText(_ ports: ClosedRange<UInt16>) -> String {
    ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"
}
