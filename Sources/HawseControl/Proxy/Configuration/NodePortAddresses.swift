import HawseWire

/// The addresses of a node at which node ports are open (`NodePortAddresses`).
public struct NodePortAddresses: Hashable, Sendable {
    public let family: AddressFamily
    public let prefixes: [IPPrefix]

    /// `texts` are prefixes of either family or the word `primary`; those of the other family do not count, and
    /// none left means every address.
    public init(_ texts: [String], family: AddressFamily, primary: IPAddress?) {
        self.family = family
        var prefixes: [IPPrefix] = []
        for text in texts {
            if text == "primary" {
                if let primary, primary.family == family {
                    prefixes.append(IPPrefix(primary, length: family.bitCount))
                }
            } else if let prefix = IPPrefix(text), prefix.family == family {
                prefixes.append(prefix.network)
            }
        }
        self.prefixes = prefixes.isEmpty ? [.all(family)] : prefixes
    }

    public var matchesAll: Bool { prefixes.contains { $0.length == 0 } }

    public var containsLoopback: Bool {
        let loopback = IPAddress(ipv4: 0x7f00_0001)
        return prefixes.contains { $0.contains(loopback) || ($0.family == .ipv4 && $0.address.isLoopback) }
    }

    /// The node's addresses that match, by prefix and then by interface.
    public func addresses(on node: ProxyNode) -> [IPAddress] {
        var result: [IPAddress] = []
        for prefix in prefixes {
            for address in node.localAddresses where prefix.contains(address) && !result.contains(address) {
                result.append(address)
            }
        }
        return result
    }
}
