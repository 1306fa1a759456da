import HawseModel
import HawseWire

/// `conntrack -L -o extended`: one connection a line.
public enum ConntrackPrinter {
    /// The line of one connection, without a newline. Timers and use counts are printed where they are given.
    public static func line(_ connection: ConnectionListing) -> String {
        let isIPv4 = connection.family == .ipv4
        var words = [
            pad(isIPv4 ? "ipv4" : "ipv6") + (isIPv4 ? "2" : "10"),
            pad(name(connection.ipProtocol)) + "\(connection.ipProtocol.rawValue)",
        ]
        if let timeout = connection.timeout { words.append("\(timeout)") }
        if let state = connection.state { words.append(state) }
        words += side(connection.original, zoneName: "zone-orig")
        if !connection.isReplied { words.append("[UNREPLIED]") }
        words += side(connection.reply, zoneName: "zone-reply")
        if connection.isAssured { words.append("[ASSURED]") }
        if let mark = connection.mark { words.append("mark=\(mark)") }
        if let zone = connection.zone { words.append("zone=\(zone)") }
        if let helper = connection.helper { words.append("helper=\(helper)") }
        if let uses = connection.uses { words.append("use=\(uses)") }
        return words.joined(separator: " ")
    }

    /// The same with one blank between words.
    public static func compactLine(_ connection: ConnectionListing) -> String {
        line(connection).split(separator: " ").joined(separator: " ")
    }

    /// The whole listing, without timers and (unless they are to be kept) use counts, sorted: what two listings are
    /// compared by.
    public static func timelessListing(_ connections: [ConnectionListing], keepsUses: Bool = false) -> String {
        let lines = connections.map { connection in
            var timeless = connection
            timeless.timeout = nil
            timeless.uses = keepsUses ? timeless.uses ?? 1 : nil
            return line(timeless)
        }
        return lines.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }.map { $0 + "\n" }
            .joined()
    }

    private static func pad(_ text: String) -> String {
        text + String(repeating: " ", count: max(8 - text.utf8.count, 0) + 1)
    }

    /// `proto2str` of libnetfilter_conntrack.
    static func name(_ ipProtocol: IPProtocol) -> String {
        switch ipProtocol {
        case .icmp: "icmp"
        case .tcp: "tcp"
        case .udp: "udp"
        case .dccp: "dccp"
        case .gre: "gre"
        case .icmpv6: "icmpv6"
        case .sctp: "sctp"
        case .udplite: "udplite"
        default: "unknown"
        }
    }

    private static func side(_ side: ConnectionListing.Side, zoneName: String) -> [String] {
        var words = ["src=\(side.source)", "dst=\(side.destination)"]
        switch side.ports {
        case .none: break
        case .ports(let source, let destination): words += ["sport=\(source)", "dport=\(destination)"]
        case .icmp(let type, let code, let identifier):
            words += ["type=\(type)", "code=\(code)", "id=\(identifier)"]
        case .gre(let source, let destination):
            words += [
                "srckey=0x\(String(source, radix: 16))", "dstkey=0x\(String(destination, radix: 16))",
            ]
        }
        if let zone = side.zone { words.append("\(zoneName)=\(zone)") }
        if let counters = side.counters {
            words += ["packets=\(counters.packets)", "bytes=\(counters.bytes)"]
        }
        return words
    }
}
