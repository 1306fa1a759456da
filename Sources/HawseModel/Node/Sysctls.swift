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

    /// `disable_ipv6` of a device.
    public func disablesIPv6(_ device: String) -> Bool {
        (self.device(device, "disable_ipv6", family: "ipv6") ?? integer("net.ipv6.conf.all.disable_ipv6", default: 0)) != 0
    }

    /// What writing to `all` does to the devices besides (`inet_forward_change`, `addrconf_forward_change`,
    /// `addrconf_disable_change`): the family's forwarding and IPv6's `disable_ipv6` are written to each device and to `default`.
    public mutating func spread(_ name: String) {
        let (family, key): (String, String)
        switch name {
        case "net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding": (family, key) = ("ipv4", "forwarding")
        case "net.ipv6.conf.all.forwarding": (family, key) = ("ipv6", "forwarding")
        case "net.ipv6.conf.all.disable_ipv6": (family, key) = ("ipv6", "disable_ipv6")
        default: return
        }
        guard let value = values[name] else { return }
        if family == "ipv4" { (values["net.ipv4.ip_forward"], values["net.ipv4.conf.all.forwarding"]) = (value, value) }
        for other in values.keys where other.hasPrefix("net.\(family).conf.") && other.hasSuffix("." + key) { values[other] = value }
    }
}
