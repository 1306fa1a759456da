import HawseModel
import HawseWire

extension ClusterPlan {
    /// Names of a node's devices.
    enum Device {
        static let underlay = "eth0"
        static let bridge = "cni0"
        static func veth(_ pod: Int) -> String { "veth\(pod + 1)" }
    }

    /// The pods of a node as `namespace/name`, by the node's end of their veth pair.
    public func podsByDevice(_ index: Int) -> [String: String] {
        var found: [String: String] = [:]
        for (number, pod) in pods.enumerated() where pod.node == nodes[index].name && !pod.isHostNetwork {
            found[Device.veth(number)] = "\(pod.namespace)/\(pod.name)"
        }
        return found
    }

    /// A node's own part of everything but its rules: devices, addresses, routes, neighbours and forwarding entries as
    /// flannel and the CNI plugins leave them. What it knows of the other nodes comes from `FlannelNetwork`.
    public func nodeSpec(_ index: Int, _ positions: PlanIndex) -> HawseModel.NodeSpec {
        var spec = HawseModel.NodeSpec(name: nodes[index].name)
        spec.sysctls = sysctls
        addUnderlay(index, &spec)
        addPods(index, positions, &spec)
        if let lease = leases[index] {
            spec.interfaces += daemon(index).devices(lease)
            spec.listeners += tunnelListeners
        }
        return spec
    }

    /// The sockets of backends that live in user space or in WireGuard.
    private var tunnelListeners: [Listener] {
        switch flannel.backend {
        case .udp(let options): [Listener(ipProtocol: .udp, family: .ipv4, port: options.port)]
        case .wireguard(let options):
            AddressFamily.allCases.map { Listener(ipProtocol: .udp, family: $0, port: options.port($0)) }
        default: []
        }
    }

    private var sysctls: Sysctls {
        Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv4.conf.default.rp_filter": "0", "net.bridge.bridge-nf-call-iptables": "1",
            "net.bridge.bridge-nf-call-ip6tables": "1", "net.ipv4.conf.all.send_redirects": "0",
            "net.ipv4.conf.default.send_redirects": "0", "net.ipv4.conf.all.route_localnet": "1",
        ])
    }

    private func addUnderlay(_ index: Int, _ spec: inout HawseModel.NodeSpec) {
        let node = nodes[index]
        var device = InterfaceSpec(name: Device.underlay, mac: PlanMAC.underlay(index), mtu: mtu)
        device.addresses = node.addresses.map { IPPrefix($0, length: underlayLength[$0.family] ?? $0.family.bitCount) }
        spec.interfaces.append(device)
        for family in AddressFamily.allCases where node.address(family) != nil {
            guard let gateway = gateway(family) else { continue }
            spec.routes.append(
                Route(destination: .all(family), nextHops: [.init(gateway: gateway, device: Device.underlay)]))
            spec.neighbors.append(Neighbor(address: gateway, mac: PlanMAC.gateway, device: Device.underlay))
        }
    }

    /// What every node knows of the others' addresses.
    func underlayNeighbors() -> [(node: Int, entry: Neighbor)] {
        nodes.enumerated().flatMap { index, node in
            AddressFamily.allCases.compactMap { family in
                node.address(family).map {
                    (index, Neighbor(address: $0, mac: PlanMAC.underlay(index), device: Device.underlay))
                }
            }
        }
    }

    private func addPods(_ index: Int, _ positions: PlanIndex, _ spec: inout HawseModel.NodeSpec) {
        let node = nodes[index]
        var bridge = InterfaceSpec(
            name: Device.bridge, kind: .bridge, mac: PlanMAC.bridge(index), mtu: daemon(index).podMTU)
        bridge.addresses = node.podRanges.map { range in
            IPPrefix(IPAddress(family: range.family, bits: range.network.address.bits.adding(1)), length: range.length)
        }
        spec.interfaces.append(bridge)
        for number in positions.pods(of: index) {
            let pod = pods[number]
            if pod.isHostNetwork { continue }
            spec.interfaces.append(
                InterfaceSpec(
                    name: Device.veth(number), kind: .veth, mac: PlanMAC.hostSide(number), mtu: bridge.mtu,
                    bridge: Device.bridge, hairpin: true))
            for address in pod.addresses {
                spec.neighbors.append(Neighbor(address: address, mac: PlanMAC.pod(number), device: Device.bridge))
            }
            spec.forwarding.append(
                ForwardingEntry(mac: PlanMAC.pod(number), device: Device.veth(number), isMaster: true))
        }
    }
}
