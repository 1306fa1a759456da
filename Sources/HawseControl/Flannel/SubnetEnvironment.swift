import HawseModel
import HawseWire

extension Flannel {
    /// subnet.env, by which the CNI plugin learns of the node's subnet.
    public struct SubnetEnvironment: Hashable, Sendable {
        public var network: IPPrefix?
        /// The bridge's address: the subnet's base and one.
        public var subnet: IPPrefix?
        public var ipv6Network: IPPrefix?
        public var ipv6Subnet: IPPrefix?
        public var mtu: Int
        public var masquerade: Bool

        public init(_ configuration: NetworkConfiguration, lease: Lease, mtu: Int, masquerade: Bool = true) {
            if configuration.enableIPv4 {
                network = configuration.network
                subnet = lease.subnet?.firstHost
            }
            if configuration.enableIPv6 {
                ipv6Network = configuration.ipv6Network
                ipv6Subnet = lease.ipv6Subnet?.firstHost
            }
            self.mtu = mtu
            self.masquerade = masquerade
        }

        private init() {
            mtu = 0
            masquerade = false
        }

        public var text: String {
            var lines: [String] = []
            if let network, let subnet { lines += ["FLANNEL_NETWORK=\(network)", "FLANNEL_SUBNET=\(subnet)"] }
            if let ipv6Network, let ipv6Subnet {
                lines += ["FLANNEL_IPV6_NETWORK=\(ipv6Network)", "FLANNEL_IPV6_SUBNET=\(ipv6Subnet)"]
            }
            lines += ["FLANNEL_MTU=\(mtu)", "FLANNEL_IPMASQ=\(masquerade)"]
            return lines.joined(separator: "\n") + "\n"
        }

        static let names = [
            "FLANNEL_NETWORK", "FLANNEL_SUBNET", "FLANNEL_IPV6_NETWORK", "FLANNEL_IPV6_SUBNET", "FLANNEL_MTU",
            "FLANNEL_IPMASQ",
        ]

        /// Reads the file back. What is wrong is refused by name and line.
        public static func read(_ text: String, file: String = "subnet.env") throws(ConfigurationError) -> Self {
            var result = Self()
            var problems: [ManifestDiagnostic] = []
            var seen: [String: Int] = [:]
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let line = line.drop { $0 == " " }
                if line.isEmpty || line.hasPrefix("#") { continue }
                func wrong(_ field: String, _ message: String, _ suggestion: String? = nil) {
                    problems.append(
                        ManifestDiagnostic(
                            severity: .error, file: file, mark: SourceMark(line: number + 1, column: 1), field: field,
                            message: message, suggestion: suggestion))
                }
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else {
                    wrong(String(line), "NAME=value is expected")
                    continue
                }
                let name = String(parts[0])
                guard names.contains(name) else {
                    wrong(name, "no field of subnet.env", nearestWord(name, among: names))
                    continue
                }
                if seen.updateValue(number + 1, forKey: name) != nil { wrong(name, "stands twice") }
                if let message = result.take(name, parts[1]) { wrong(name, message) }
            }
            func wrong(_ name: String, _ message: String) {
                let mark = seen[name].map { SourceMark(line: $0, column: 1) } ?? .none
                problems.append(ManifestDiagnostic(severity: .error, file: file, mark: mark, field: name, message: message))
            }
            for name in ["FLANNEL_MTU", "FLANNEL_IPMASQ"] where seen[name] == nil { wrong(name, "is missing") }
            // The CNI plugin wants one of each; which family, the file says.
            for what in ["NETWORK", "SUBNET"] where seen["FLANNEL_\(what)"] == nil && seen["FLANNEL_IPV6_\(what)"] == nil {
                let isIPv6 = seen["FLANNEL_IPV6_NETWORK"] != nil || seen["FLANNEL_IPV6_SUBNET"] != nil
                wrong("FLANNEL_\(isIPv6 ? "IPV6_" : "")\(what)", "is missing")
            }
            for (name, inner, outer) in [
                ("FLANNEL_SUBNET", result.subnet, result.network), ("FLANNEL_IPV6_SUBNET", result.ipv6Subnet, result.ipv6Network),
            ] {
                guard let inner, let outer, !outer.contains(inner) else { continue }
                wrong(name, "\(inner) does not lie in \(outer)")
            }
            guard problems.isEmpty else { throw ConfigurationError(problems) }
            return result
        }

        private mutating func take(_ name: String, _ value: Substring) -> String? {
            func prefix(_ family: AddressFamily) -> IPPrefix? {
                value.contains("/") ? IPPrefix(value).flatMap { $0.family == family ? $0 : nil } : nil
            }
            switch name {
            case "FLANNEL_NETWORK": network = prefix(.ipv4)
            case "FLANNEL_SUBNET": subnet = prefix(.ipv4)
            case "FLANNEL_IPV6_NETWORK": ipv6Network = prefix(.ipv6)
            case "FLANNEL_IPV6_SUBNET": ipv6Subnet = prefix(.ipv6)
            case "FLANNEL_MTU":
                guard let number = Int(value), (68...65535).contains(number) else {
                    return "\"\(value)\" is no MTU (68…65535)"
                }
                mtu = number
                return nil
            default:
                guard value == "true" || value == "false" else { return "\"\(value)\" is neither true nor false" }
                masquerade = value == "true"
                return nil
            }
            let family = name.contains("IPV6") ? "IPv6" : "IPv4"
            return prefix(name.contains("IPV6") ? .ipv6 : .ipv4) == nil
                ? "\"\(value)\" is no \(family) prefix (address/length)" : nil
        }
    }
}

extension IPPrefix {
    /// The base and one, with the prefix's length.
    var firstHost: IPPrefix { IPPrefix(network.address.adding(.bit(0)), length: length) }
}
