import HawseModel
import HawseWire

extension ClusterPlan {
    /// Names of a node's devices.
    enum Device {
        static let underlay = "eth0"
        static let bridge = "cni0"
        static func veth(_ pod: Int) -> String { "veth\(pod + 1)" }
    }

    var overlayDevice: String { "flannel.\(vni)" }

    /// Everything of a node but its rules: devices, addresses, routes, neighbours and forwarding entries as flannel and
    /// the CNI plugins leave them.
    public func nodeSpec(_ index: Int) -> HawseModel.NodeSpec {
        var spec = HawseModel.NodeSpec(name: nodes[index].name)
        spec.sysctls = sysctls
        addUnderlay(index, &spec)
        addPods(index, &spec)
        for family in AddressFamily.allCases { addPeers(index, family, &spec) }
        return spec
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
            for (other, peer) in nodes.enumerated() where other != index {
                guard let address = peer.address(family) else { continue }
                spec.neighbors.append(Neighbor(address: address, mac: PlanMAC.underlay(other), device: Device.underlay))
            }
        }
    }

    private func addPods(_ index: Int, _ spec: inout HawseModel.NodeSpec) {
        let node = nodes[index]
        var bridge = InterfaceSpec(
            name: Device.bridge, kind: .bridge, mac: PlanMAC.bridge(index), mtu: backend == .vxlan ? mtu - 50 : mtu)
        bridge.addresses = node.podRanges.map { range in
            IPPrefix(IPAddress(family: range.family, bits: range.network.address.bits.adding(1)), length: range.length)
        }
        spec.interfaces.append(bridge)
        for (number, pod) in pods.enumerated() where pod.node == node.name && !pod.isHostNetwork {
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

    /// Routes to the other nodes' pods, by the overlay or by the peers themselves.
    private func addPeers(_ index: Int, _ family: AddressFamily, _ spec: inout HawseModel.NodeSpec) {
        guard let own = nodes[index].podRange(family) else { return }
        let overlay = family == .ipv4 ? overlayDevice : "flannel-v6.\(vni)"
        if backend == .vxlan, let local = nodes[index].address(family) {
            var device = InterfaceSpec(
                name: overlay,
                kind: .vxlan(VXLANSpec(vni: vni, local: local, port: vxlanPort, device: Device.underlay)),
                mac: PlanMAC.flannel(index), mtu: mtu - (family == .ipv4 ? 50 : 70))
            device.addresses = [IPPrefix(own.network.address, length: family.bitCount)]
            spec.interfaces.append(device)
        }
        for (other, peer) in nodes.enumerated() where other != index {
            guard let range = peer.podRange(family), let address = peer.address(family) else { continue }
            switch backend {
            case .hostGateway:
                spec.routes.append(Route(destination: range, nextHops: [.init(gateway: address, device: Device.underlay)]))
            case .vxlan:
                let first = range.network.address
                spec.routes.append(
                    Route(destination: range, nextHops: [.init(gateway: first, device: overlay, onlink: true)]))
                spec.neighbors.append(Neighbor(address: first, mac: PlanMAC.flannel(other), device: overlay))
                spec.forwarding.append(
                    ForwardingEntry(mac: PlanMAC.flannel(other), device: overlay, destination: address))
            }
        }
    }
}
