import HawseModel
import HawseWire

extension Flannel {
    /// Where the Kubernetes registry finds nodes and writes their annotations.
    public protocol NodeSource: AnyObject {
        func nodes() throws(RegistryError) -> [Kubernetes.Node]
        func node(named name: String) throws(RegistryError) -> Kubernetes.Node?
        func annotate(_ name: String, _ annotations: [String: String]) throws(RegistryError)
    }

    /// Nodes in memory.
    public final class NodeCatalogue: NodeSource {
        /// While `true` every call fails: the API server is cut off.
        public var isUnreachable = false
        public private(set) var byName: [String: Kubernetes.Node] = [:]

        public init(_ nodes: [Kubernetes.Node] = []) {
            for node in nodes { byName[node.metadata.name] = node }
        }

        public subscript(name: String) -> Kubernetes.Node? {
            get { byName[name] }
            set { byName[name] = newValue }
        }

        public func nodes() throws(RegistryError) -> [Kubernetes.Node] {
            if isUnreachable { throw .unreachable("cut off by the fault plan") }
            return byName.values.sorted { $0.metadata.name < $1.metadata.name }
        }

        public func node(named name: String) throws(RegistryError) -> Kubernetes.Node? {
            if isUnreachable { throw .unreachable("cut off by the fault plan") }
            return byName[name]
        }

        public func annotate(_ name: String, _ annotations: [String: String]) throws(RegistryError) {
            if isUnreachable { throw .unreachable("cut off by the fault plan") }
            byName[name]?.metadata.annotations.merge(annotations) { _, new in new }
        }
    }

    /// The registry that Kubernetes is: a node's subnets are its podCIDRs, its attributes are annotations.
    public final class KubernetesSubnetRegistry: SubnetRegistry {
        public let nodeName: String
        private let source: any NodeSource
        private let configuration: NetworkConfiguration
        private let names: NodeAnnotations
        private var watcher = LeaseWatcher()
        private var seen: [String: Kubernetes.Node] = [:]
        /// Nodes that could not be turned into leases, by the last call of `events`.
        public private(set) var rejected: [RegistryError] = []

        public init(
            nodeName: String, source: any NodeSource, configuration: NetworkConfiguration,
            annotations: NodeAnnotations = .usual
        ) {
            self.nodeName = nodeName
            self.source = source
            self.configuration = configuration
            names = annotations
        }

        public func networkConfiguration() throws(RegistryError) -> NetworkConfiguration { configuration }

        /// Writes the node's annotations where they differ, and gives its podCIDRs as the lease. It never ends.
        public func acquire(_ attributes: LeaseAttributes, at now: Instant) throws(RegistryError) -> Lease {
            guard let node = try source.node(named: nodeName) else { throw .notFound("node \(nodeName)") }
            guard !node.spec.podCIDR.isEmpty else {
                throw .node(name: nodeName, field: "spec.podCIDR", message: "is not assigned")
            }
            let subnets = try Self.podRanges(node)
            let new = annotations(for: attributes, on: node)
            if new.contains(where: { node.metadata.annotations[$0.key] != $0.value }) {
                try source.annotate(nodeName, new)
            }
            var lease = Lease(subnet: nil, attributes: attributes)
            for family in AddressFamily.allCases where configuration.isEnabled(family) {
                guard let subnet = subnets[family] else { continue }
                guard let network = configuration.podNetwork(family), network.contains(subnet) else {
                    let network = configuration.podNetwork(family).map { "\($0)" } ?? "none"
                    throw .node(
                        name: nodeName, field: "spec.podCIDRs",
                        message: "\(subnet) is not inside the network \(network) of the flannel configuration")
                }
                if family == .ipv4 { lease.subnet = subnet } else { lease.ipv6Subnet = subnet }
            }
            if !configuration.backend.supportsIPv6 { lease.ipv6Subnet = nil }
            watcher.own = lease
            return lease
        }

        private func annotations(for attributes: LeaseAttributes, on node: Kubernetes.Node) -> [String: String] {
            let present = node.metadata.annotations
            let type = attributes.backendType
            var new = [names.backendType: type, names.kubeManaged: "true"]
            if type != "vxlan" || attributes.backendData != nil {
                new[names.backendData] = attributes.backendData?.text ?? "null"
                let overwrite = present[names.publicIPOverwrite] ?? ""
                let address = attributes.publicIP ?? .unspecified(.ipv4)
                new[names.publicIP] = overwrite.isEmpty ? "\(address)" : overwrite
            }
            let tellsV6 =
                (type == "vxlan" && attributes.backendV6Data != nil)
                || (type == "wireguard" && attributes.backendV6Data != nil && attributes.publicIPv6 != nil)
                || (type == "host-gw" && attributes.publicIPv6 != nil)
            if tellsV6, let address = attributes.publicIPv6 {
                new[names.backendV6Data] = attributes.backendV6Data?.text ?? "null"
                let overwrite = present[names.publicIPv6Overwrite] ?? ""
                new[names.publicIPv6] = overwrite.isEmpty ? "\(address)" : overwrite
            }
            return new
        }

        /// Kubernetes leases are not renewed: the node object is the lease.
        public func renew(_ lease: Lease, at now: Instant) throws(RegistryError) -> Lease {
            throw .unsupported("leases of the Kubernetes registry are not renewed")
        }

        public func release(_ lease: Lease, at now: Instant) throws(RegistryError) {
            throw .unsupported("leases of the Kubernetes registry end with their node")
        }

        public func events(at now: Instant) throws(RegistryError) -> [LeaseEvent] {
            var current: [String: Kubernetes.Node] = [:]
            var events: [LeaseEvent] = []
            rejected = []
            for node in try source.nodes() {
                let name = node.metadata.name
                current[name] = node
                guard node.metadata.annotations[names.kubeManaged] == "true" else { continue }
                if let old = seen[name], !hasChanged(from: old, to: node) { continue }
                do throws(RegistryError) { events.append(LeaseEvent(.added, try lease(of: node))) } catch {
                    rejected.append(error)
                }
            }
            for name in seen.keys.sorted() where current[name] == nil {
                guard let old = seen[name], old.metadata.annotations[names.kubeManaged] == "true",
                    let lease = try? lease(of: old)
                else { continue }
                events.append(LeaseEvent(.removed, lease))
            }
            seen = current
            return watcher.update(events)
        }

        /// The daemon's own test. With both families on, a change counts only when it touches both: a node whose IPv4
        /// address alone changes is not noticed by dual-stack peers.
        private func hasChanged(from old: Kubernetes.Node, to new: Kubernetes.Node) -> Bool {
            func same(_ name: String) -> Bool { old.metadata.annotations[name] == new.metadata.annotations[name] }
            var changed = true
            if configuration.enableIPv4, same(names.backendData), same(names.backendType), same(names.publicIP) {
                changed = false
            }
            if configuration.enableIPv6, same(names.backendV6Data), same(names.backendType), same(names.publicIPv6) {
                changed = false
            }
            return changed
        }

        /// The lease that a node's annotations and podCIDRs make. What is wrong is refused by name.
        public func lease(of node: Kubernetes.Node) throws(RegistryError) -> Lease {
            let name = node.metadata.name
            let present = node.metadata.annotations
            var attributes = LeaseAttributes(publicIP: nil, backendType: present[names.backendType] ?? "")
            let subnets = try Self.podRanges(node)
            var lease = Lease(subnet: nil, attributes: attributes)
            for family in AddressFamily.allCases where configuration.isEnabled(family) {
                let (address, data) =
                    family == .ipv4 ? (names.publicIP, names.backendData) : (names.publicIPv6, names.backendV6Data)
                guard let text = present[address], let parsed = IPAddress(text), parsed.family == family else {
                    throw .node(
                        name: name, field: "metadata.annotations[\(address)]",
                        message: present[address].map { "\"\($0)\" is no \(family.title) address" } ?? "is missing")
                }
                guard let subnet = subnets[family] else {
                    throw .node(name: name, field: "spec.podCIDRs", message: "has no \(family.title) range")
                }
                let backendData: BackendData?
                do throws(ConfigurationError) {
                    backendData = try BackendData.read(
                        present[data] ?? "", backendType: attributes.backendType,
                        field: "metadata.annotations[\(data)]", file: "node \(name)")
                } catch { throw .configuration(error) }
                if family == .ipv4 {
                    (lease.subnet, attributes.publicIP, attributes.backendData) = (subnet, parsed, backendData)
                } else {
                    (lease.ipv6Subnet, attributes.publicIPv6, attributes.backendV6Data) = (subnet, parsed, backendData)
                }
            }
            lease.attributes = attributes
            return lease
        }

        /// The VTEP's Ethernet address of an earlier life of the daemon, which it takes again.
        public func storedMAC(_ family: AddressFamily) throws(RegistryError) -> MACAddress? {
            guard let node = try source.node(named: nodeName),
                node.metadata.annotations[names.backendType] == "vxlan",
                let text = node.metadata.annotations[family == .ipv4 ? names.backendData : names.backendV6Data],
                case .vxlan(_, let mac)? = try? BackendData.read(
                    text, backendType: "vxlan", field: "", file: "")
            else { return nil }
            return mac
        }

        /// The address that a node shall be known by (`node-public-ip`), where one is noted.
        public func storedPublicAddress(_ family: AddressFamily) throws(RegistryError) -> IPAddress? {
            let name = family == .ipv4 ? names.nodePublicIP : names.nodePublicIPv6
            guard let text = try source.node(named: nodeName)?.metadata.annotations[name] else { return nil }
            guard let address = IPAddress(text), address.family == family else {
                throw .node(
                    name: nodeName, field: "metadata.annotations[\(name)]",
                    message: "\"\(text)\" is no \(family.title) address")
            }
            return address
        }

        /// At most one range of each family, the first one.
        static func podRanges(_ node: Kubernetes.Node) throws(RegistryError) -> [AddressFamily: IPPrefix] {
            let texts = node.spec.podCIDRs.isEmpty ? [node.spec.podCIDR] : node.spec.podCIDRs
            guard texts.count <= 2 else {
                throw .node(
                    name: node.metadata.name, field: "spec.podCIDRs", message: "has \(texts.count) ranges, at most two")
            }
            var result: [AddressFamily: IPPrefix] = [:]
            for text in texts {
                guard text.contains("/"), let prefix = IPPrefix(text) else {
                    throw .node(
                        name: node.metadata.name, field: "spec.podCIDRs", message: "\"\(text)\" is no address/length")
                }
                if result[prefix.family] == nil { result[prefix.family] = prefix.network }
            }
            return result
        }
    }
}

extension AddressFamily {
    var title: String { self == .ipv4 ? "IPv4" : "IPv6" }
}
