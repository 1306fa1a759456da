import HawseWire

extension Flannel {
    /// The name of a subnet in a registry: `10.244.1.0-24`, dual stack `10.244.1.0-24&fd00:1::-64`.
    public struct SubnetKey: Hashable, Sendable, LosslessStringConvertible {
        public var subnet: IPPrefix
        public var ipv6Subnet: IPPrefix?

        public init(subnet: IPPrefix, ipv6Subnet: IPPrefix? = nil) {
            self.subnet = subnet
            self.ipv6Subnet = ipv6Subnet
        }

        /// Takes a whole registry key too: what stands before the last slash is passed over. Prefix lengths stop at /31
        /// and /127, and hexadecimal digits are lower case: those are the daemon's own limits.
        public init?(_ text: String) {
            let name = text.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
            let parts = name.split(separator: "&", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, let subnet = Self.prefix(first, .ipv4, most: 31) else { return nil }
            self.subnet = subnet
            guard parts.count == 2 else { return }
            guard let second = Self.prefix(parts[1], .ipv6, most: 127) else { return nil }
            ipv6Subnet = second
        }

        private static func prefix(_ text: Substring, _ family: AddressFamily, most: Int) -> IPPrefix? {
            guard let dash = text.lastIndex(of: "-") else { return nil }
            let digits = text[text.index(after: dash)...]
            let isHexadecimal = text[..<dash].utf8.allSatisfy {
                (48...57).contains($0) || (97...102).contains($0) || $0 == 58 || $0 == 46
            }
            guard !digits.isEmpty, digits.utf8.count <= 3, digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let length = Int(digits), length <= most, isHexadecimal,
                let address = IPAddress(text[..<dash]), address.family == family
            else { return nil }
            return IPPrefix(address, length: length)
        }

        public var description: String {
            let first = "\(subnet.address)-\(subnet.length)"
            return ipv6Subnet.map { "\(first)&\($0.address)-\($0.length)" } ?? first
        }
    }
}
