extension Flannel {
    /// Names of the annotations that the daemon reads and writes on its node, under a prefix.
    public struct NodeAnnotations: Hashable, Sendable {
        public static let usualPrefix = "flannel.alpha.coreos.com"

        /// With the `/` or `-` that joins it to a name.
        public let prefix: String

        public static let usual = NodeAnnotations(joined: usualPrefix + "/")

        private init(joined: String) { prefix = joined }

        /// `nil` unless the prefix is a dotted name in lower case with at most one slash (`fqdn/[0-9a-z-_]*`).
        public init?(prefix given: String) {
            let slashes = given.utf8.count { $0 == UInt8(ascii: "/") }
            guard slashes <= 1 else { return nil }
            var joined = slashes == 0 ? given + "/" : given
            if !joined.hasSuffix("/"), !joined.hasSuffix("-") { joined += "-" }
            let parts = joined.split(separator: "/", omittingEmptySubsequences: false)
            let labels = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, labels.count >= 2, labels.allSatisfy(Self.isWord) else { return nil }
            let rest = parts[1]
            guard rest.isEmpty || (rest.hasSuffix("-") && Self.isWord(rest.dropLast())) else { return nil }
            self.init(joined: joined)
        }

        private static func isWord(_ text: Substring) -> Bool {
            !text.isEmpty
                && text.utf8.allSatisfy {
                    (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
                        || $0 == UInt8(ascii: "-")
                }
        }

        public var kubeManaged: String { prefix + "kube-subnet-manager" }
        public var backendType: String { prefix + "backend-type" }
        public var backendData: String { prefix + "backend-data" }
        public var backendV6Data: String { prefix + "backend-v6-data" }
        public var publicIP: String { prefix + "public-ip" }
        public var publicIPv6: String { prefix + "public-ipv6" }
        public var nodePublicIP: String { prefix + "node-public-ip" }
        public var nodePublicIPv6: String { prefix + "node-public-ipv6" }
        public var publicIPOverwrite: String { prefix + "public-ip-overwrite" }
        public var publicIPv6Overwrite: String { prefix + "public-ipv6-overwrite" }

        /// Every name, for the search of the nearest one.
        public var all: [String] {
            [
                kubeManaged, backendType, backendData, backendV6Data, publicIP, publicIPv6, nodePublicIP,
                nodePublicIPv6, publicIPOverwrite, publicIPv6Overwrite,
            ]
        }
    }
}
