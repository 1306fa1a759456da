import HawseModel
import HawseWire

extension Neighbor: CustomStringConvertible {
    /// As `ip neigh add` takes it.
    public var description: String {
        if isProxy { return "proxy \(address) dev \(device)" }
        return mac.map { "\(address) lladdr \($0) dev \(device)" } ?? "\(address) dev \(device)"
    }
}

extension ForwardingEntry: CustomStringConvertible {
    /// As `bridge fdb append` takes it.
    public var description: String {
        var text = "\(mac) dev \(device)"
        if let destination { text += " dst \(destination)" }
        if let port { text += " port \(port)" }
        if let vni { text += " vni \(vni)" }
        if let via { text += " via \(via)" }
        if let vlan { text += " vlan \(vlan)" }
        if isMaster { text += " master" }
        if isLocal { text += " local" }
        return text
    }
}

extension RoutingRule: CustomStringConvertible {
    /// As `ip rule add` takes it.
    public var description: String {
        var words: [String] = isInverted ? ["not"] : []
        if let from { words += ["from", text(of: from)] }
        if let to { words += ["to", text(of: to)] }
        if let mark {
            let mask = mark.mask == .max ? "" : "/\(hexText(mark.mask))"
            words += ["fwmark", hexText(mark.value) + mask]
        }
        if let inInterface { words += ["iif", inInterface] }
        if let outInterface { words += ["oif", outInterface] }
        if tos != 0 { words += ["tos", hexText(tos)] }
        if let ipProtocol { words += ["ipproto", ipProtocol.text] }
        for (word, ports) in [("sport", sourcePorts), ("dport", destinationPorts)] {
            guard let ports else { continue }
            words += [word, ports.count == 1 ? "\(ports.lowerBound)" : "\(ports.lowerBound)-\(ports.upperBound)"]
        }
        if let suppressedLength { words += ["suppress_prefixlength", "\(suppressedLength)"] }
        if let suppressedGroup { words += ["suppress_ifgroup", "\(suppressedGroup)"] }
        switch action {
        case .lookup(let table): words += ["lookup", "\(table)"]
        case .unreachable: words.append("unreachable")
        case .prohibit: words.append("prohibit")
        case .blackhole: words.append("blackhole")
        case .goto(let priority): words += ["goto", "\(priority)"]
        case .nop: words.append("nop")
        }
        return (words + ["priority", "\(priority)"]).joined(separator: " ")
    }

    private func text(of prefix: IPPrefix) -> String {
        prefix.length == prefix.family.bitCount ? prefix.address.description : prefix.description
    }
}

/// `sysctl -qw name=value …`
public enum SysctlCommand {
    /// The settings of a command line, in order.
    public static func settings(
        _ commandLine: String, file: String = "command", line: Int = 1
    ) throws(FormatError) -> [(name: String, value: String)] {
        let location = SourceLocation(file: file, line: line, column: 1)
        let tokens = try tokenize(commandLine, rules: .shell, at: location)
        guard tokens.first?.text.split(separator: "/").last == "sysctl" else {
            throw FormatError(location, "a sysctl command is wanted")
        }
        var settings: [(String, String)] = []
        for token in tokens.dropFirst() where !token.text.hasPrefix("-") {
            guard let equals = token.text.firstIndex(of: "="), equals > token.text.startIndex else {
                throw FormatError(
                    SourceLocation(file: file, line: line, column: token.column),
                    "`\(token.text)' is no setting: name=value is wanted")
            }
            let name = token.text[..<equals].split(separator: "/").joined(separator: ".")
            let value = String(token.text[token.text.index(after: equals)...])
            if let objection = Sysctls.objection(to: name, value: value) {
                throw FormatError(
                    SourceLocation(file: file, line: line, column: token.column), objection.message, suggestion: objection.suggestion)
            }
            settings.append((name, value))
        }
        guard !settings.isEmpty else { throw FormatError(location, "no setting is given") }
        return settings
    }
}
