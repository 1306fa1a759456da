import HawseModel
import HawseWire

extension Flannel {
    /// The node's device towards the other nodes.
    public struct Underlay: Hashable, Sendable {
        public var device: String
        public var mtu: Int
        /// With the length of the link's network.
        public var addresses: [IPPrefix]

        public init(device: String, mtu: Int, addresses: [IPPrefix]) {
            self.device = device
            self.mtu = mtu
            self.addresses = addresses
        }

        public func address(_ family: AddressFamily) -> IPAddress? {
            addresses.first { $0.family == family }?.address
        }

        /// Whether a peer is reached without a gateway, as `ip route get` would say.
        public func isOnLink(_ address: IPAddress) -> Bool { addresses.contains { $0.contains(address) } }
    }

    /// flanneld on one node: what it registers, the devices it makes, and what each event makes it change.
    public struct Daemon: Sendable {
        public let configuration: NetworkConfiguration
        public let underlay: Underlay
        /// Ethernet addresses of the VXLAN devices, by family.
        public let vtepMAC: [AddressFamily: MACAddress]
        /// The address given out to peers where it is not the device's own (`--public-ip`).
        public var publicAddresses: [AddressFamily: IPAddress] = [:]

        public init(_ configuration: NetworkConfiguration, underlay: Underlay, vtepMAC: [AddressFamily: MACAddress] = [:]) {
            self.configuration = configuration
            self.underlay = underlay
            self.vtepMAC = vtepMAC
        }

        public var backend: Backend { configuration.backend }
        private func publicAddress(_ family: AddressFamily) -> IPAddress? {
            publicAddresses[family] ?? underlay.address(family)
        }

        /// What the node tells of itself when it asks for its lease.
        public var attributes: LeaseAttributes {
            var result = LeaseAttributes(publicIP: nil, backendType: backend.typeName)
            func data(_ family: AddressFamily) -> BackendData? {
                guard configuration.isEnabled(family) else { return nil }
                switch backend {
                case .vxlan(let options): return vtepMAC[family].map { .vxlan(vni: options.vni, mac: $0) }
                case .wireguard(let options): return .wireguard(publicKey: "", port: options.port(family))
                default: return nil
                }
            }
            if configuration.enableIPv4 { result.publicIP = publicAddress(.ipv4) }
            if configuration.enableIPv6, backend.supportsIPv6 { result.publicIPv6 = publicAddress(.ipv6) }
            result.backendData = data(.ipv4)
            result.backendV6Data = data(.ipv6)
            if case .udp = backend { result.backendType = "" }
            return result
        }

        /// MTU that pods get.
        public var podMTU: Int { backend.podMTU(underlay: underlay.mtu) }

        public func subnetEnvironment(_ lease: Lease, masquerade: Bool = true) -> SubnetEnvironment {
            SubnetEnvironment(configuration, lease: lease, mtu: podMTU, masquerade: masquerade)
        }

        /// The devices that the backend makes, with the addresses it gives them: the subnet's base as a host address, so
        /// that no broadcast route comes with it.
        public func devices(_ lease: Lease) -> [InterfaceSpec] {
            switch backend {
            case .vxlan(let options): return AddressFamily.allCases.compactMap { vxlanDevice(options, $0, lease) }
            case .ipip:
                guard configuration.enableIPv4, let subnet = lease.subnet, let local = underlay.address(.ipv4) else {
                    return []
                }
                return [
                    InterfaceSpec(
                        // flanneld asks for a device without `pmtudisc`.
                        name: Self.ipipDevice, kind: .ipip(IPIPSpec(local: local, discoversPathMTU: false)), mtu: podMTU,
                        addresses: [IPPrefix(subnet.network.address, length: 32)])
                ]
            case .udp:
                // The tunnel's address has the length of the whole network: that is its route to every peer.
                guard let subnet = lease.subnet, let network = configuration.network else { return [] }
                return [
                    InterfaceSpec(
                        name: "flannel0", kind: .tun, mtu: podMTU,
                        addresses: [IPPrefix(subnet.network.address, length: network.length)])
                ]
            case .wireguard(let options):
                return AddressFamily.allCases.compactMap { family in
                    guard configuration.isEnabled(family), let subnet = lease.subnet(family) else { return nil }
                    return InterfaceSpec(
                        name: Self.wireGuardDevice(options, family), kind: .tun, mtu: podMTU,
                        addresses: [IPPrefix(subnet.network.address, length: family.bitCount)])
                }
            case .hostGateway, .alloc: return []
            }
        }

        public static let ipipDevice = "flannel.ipip"

        static func wireGuardDevice(_ options: WireGuardBackend, _ family: AddressFamily) -> String {
            options.mode == .separate && family == .ipv6 ? "flannel-wg-v6" : "flannel-wg"
        }

        private func vxlanDevice(_ options: VXLANBackend, _ family: AddressFamily, _ lease: Lease) -> InterfaceSpec? {
            guard configuration.isEnabled(family), let subnet = lease.subnet(family),
                let local = publicAddress(family), let mac = vtepMAC[family]
            else { return nil }
            // The kernel lowers what flannel asks for to what the underlay leaves (`vxlan_config_apply`): 50 bytes less
            // over IPv4, 70 over IPv6.
            let most = underlay.mtu - backend.addedBytes(underlay: family)
            return InterfaceSpec(
                name: options.deviceName(family),
                kind: .vxlan(
                    VXLANSpec(
                        vni: options.vni, local: local, port: options.effectivePort, device: underlay.device,
                        learning: options.learning, gbp: options.gbp)),
                mac: mac, mtu: max(68, min(podMTU, most)),
                addresses: [IPPrefix(subnet.network.address, length: family.bitCount)])
        }

        /// What an event of another node's lease makes the daemon do. `nil`: it passes the event over, because the lease is
        /// of another backend or lacks what this one needs.
        public func changes(for event: LeaseEvent) -> [NodeChange]? {
            let attributes = event.lease.attributes
            if case .udp = backend { return [] }
            if case .alloc = backend { return [] }
            guard attributes.backendType == backend.typeName else { return nil }
            var changes: [NodeChange] = []
            for family in AddressFamily.allCases where configuration.isEnabled(family) {
                guard let subnet = event.lease.subnet(family) else { continue }
                guard let peer = attributes.publicAddress(family) else { return nil }
                switch backend {
                case .vxlan(let options):
                    guard case .vxlan(_, let mac)? = attributes.data(family) else { return nil }
                    changes += vxlanChanges(event.kind, options, subnet, peer, mac)
                case .hostGateway:
                    let route = Route(
                        destination: subnet, nextHops: [.init(gateway: peer, device: underlay.device)])
                    changes.append(event.kind == .added ? .setRoute(route) : .removeRoute(route))
                case .ipip(let directRouting) where family == .ipv4:
                    let isDirect = directRouting && underlay.isOnLink(peer)
                    let device = isDirect ? underlay.device : Self.ipipDevice
                    let route = Route(
                        destination: subnet, nextHops: [.init(gateway: peer, device: device, onlink: true)])
                    changes.append(event.kind == .added ? .setRoute(route) : .removeRoute(route))
                case .wireguard(let options):
                    let route = Route(
                        destination: subnet, nextHops: [.init(device: Self.wireGuardDevice(options, family))])
                    changes.append(event.kind == .added ? .setRoute(route) : .removeRoute(route))
                default: break
                }
            }
            return changes
        }

        private func vxlanChanges(
            _ kind: LeaseEvent.Kind, _ options: VXLANBackend, _ subnet: IPPrefix, _ peer: IPAddress, _ mac: MACAddress
        ) -> [NodeChange] {
            if options.directRouting, underlay.isOnLink(peer) {
                let route = Route(destination: subnet, nextHops: [.init(gateway: peer, device: underlay.device)])
                return [kind == .added ? .setRoute(route) : .removeRoute(route)]
            }
            let device = options.deviceName(subnet.family)
            let base = subnet.network.address
            let neighbor = Neighbor(address: base, mac: mac, device: device)
            let forwarding = ForwardingEntry(mac: mac, device: device, destination: peer)
            let route = Route(destination: subnet, nextHops: [.init(gateway: base, device: device, onlink: true)])
            // The route comes last: before its neighbour is known the kernel would ask for it.
            return kind == .added
                ? [.setNeighbor(neighbor), .setForwarding(forwarding), .setRoute(route)]
                : [.removeNeighbor(neighbor), .removeForwarding(forwarding), .removeRoute(route)]
        }

        /// The chains of a family, where it is on.
        public func trafficRules(_ family: AddressFamily, _ lease: Lease, randomFully: Bool = true) -> TrafficRules? {
            guard let network = configuration.podNetwork(family), let subnet = lease.subnet(family) else { return nil }
            return TrafficRules(network: network, subnet: subnet, randomFully: randomFully)
        }

        /// Devices and rules of the node's own lease, put into its spec.
        public func install(_ lease: Lease, into spec: inout NodeSpec, masquerade: Bool = true, randomFully: Bool = true) {
            for device in devices(lease) {
                if let index = spec.interfaces.firstIndex(where: { $0.name == device.name }) {
                    spec.interfaces[index] = device
                } else {
                    spec.interfaces.append(device)
                }
            }
            if configuration.enableNFTables { return }
            if let rules = trafficRules(.ipv4, lease, randomFully: randomFully) {
                var set = spec.iptables ?? RuleSet(family: .ipv4)
                rules.install(into: &set, masquerades: masquerade)
                spec.iptables = set
            }
            if let rules = trafficRules(.ipv6, lease, randomFully: randomFully) {
                var set = spec.ip6tables ?? RuleSet(family: .ipv6)
                rules.install(into: &set, masquerades: masquerade)
                spec.ip6tables = set
            }
        }
    }
}
