/// Kernel settings by dotted name, as `sysctl` prints them: `net.ipv4.ip_forward`.
public struct Sysctls: Hashable, Sendable {
    public private(set) var values: [String: String]

    public init(_ values: [String: String] = [:]) { self.values = values }

    public subscript(name: String) -> String? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// The value as a number (the first, where there are several, as in `tcp_rmem`), or `default` when it is not set.
    public func integer(_ name: String, default fallback: Int) -> Int {
        values[name]?.split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) } ?? fallback
    }

    public func isOn(_ name: String, default fallback: Bool) -> Bool {
        integer(name, default: fallback ? 1 : 0) != 0
    }

    /// `net.ipv4.conf.<device>.<key>`, else the family's `default` entry, else `nil`.
    public func device(_ device: String, _ key: String, family: String = "ipv4") -> Int? {
        for scope in [device, "default"] {
            if let value = values["net.\(family).conf.\(scope).\(key)"].flatMap({ Int($0) }) { return value }
        }
        return nil
    }

    /// Whether a reader of a running node takes a setting over: the network's that this
    /// program knows, but for keys that are nobody's business.
    public static func concernsPackets(_ name: String) -> Bool {
        name.hasPrefix("net.") && isKnown(name) && !name.hasSuffix(".stable_secret") && !name.contains("fastopen_key")
    }

    /// What a running node's settings say by not being there: without br_netfilter, whose switches are on when it comes,
    /// no bridge hands frames to netfilter.
    public mutating func completeRunning() {
        for table in ["iptables", "ip6tables", "arptables"] where values["net.bridge.bridge-nf-call-\(table)"] == nil {
            values["net.bridge.bridge-nf-call-\(table)"] = "0"
        }
    }
}
