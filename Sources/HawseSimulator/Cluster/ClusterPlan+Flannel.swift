import HawseControl
import HawseModel
import HawseWire

extension ClusterPlan {
    /// flanneld as it runs on a node.
    public func daemon(_ index: Int) -> Flannel.Daemon {
        let node = nodes[index]
        let underlay = Flannel.Underlay(
            device: Device.underlay, mtu: mtu,
            addresses: node.addresses.map { IPPrefix($0, length: underlayLength[$0.family] ?? $0.family.bitCount) })
        var macs: [AddressFamily: MACAddress] = [:]
        for family in AddressFamily.allCases {
            macs[family] = PlanMAC.flannel(index, family)
            // An earlier life's address, from the annotations.
            if index < leases.count, case .vxlan(_, let mac)? = leases[index]?.attributes.data(family) { macs[family] = mac }
        }
        return Flannel.Daemon(flannel, underlay: underlay, vtepMAC: macs)
    }

    /// The lease that a node's pod ranges make by themselves.
    func lease(ofPodRanges index: Int) -> Flannel.Lease? {
        let node = nodes[index]
        var lease = Flannel.Lease(subnet: nil, attributes: daemon(index).attributes)
        if flannel.enableIPv4 { lease.subnet = node.podRange(.ipv4) }
        if flannel.enableIPv6, flannel.backend.supportsIPv6 { lease.ipv6Subnet = node.podRange(.ipv6) }
        return lease.subnet == nil && lease.ipv6Subnet == nil ? nil : lease
    }

    /// VXLAN over kube-flannel's own network where it holds all pods, else over the smallest that does.
    static func configuration(around nodes: [Node]) -> Flannel.NetworkConfiguration {
        func network(_ family: AddressFamily) -> IPPrefix? {
            let ranges = nodes.compactMap { $0.podRange(family) }
            guard let first = ranges.first else { return nil }
            if family == .ipv4 {
                let usual = IPPrefix(IPAddress(ipv4: 0x0af4_0000), length: 16)
                if ranges.allSatisfy(usual.contains) { return usual }
            }
            var length = min(ranges.map(\.length).min() ?? 0, family == .ipv4 ? 16 : 56)
            while length > 0, !ranges.allSatisfy(IPPrefix(first.address, length: length).contains) { length -= 1 }
            return IPPrefix(first.address, length: length).network
        }
        return Flannel.NetworkConfiguration(
            network: network(.ipv4), ipv6Network: network(.ipv6), backend: .vxlan(Flannel.VXLANBackend()))
    }

    /// What is to be said of the cluster's network.
    public var findings: [Flannel.Finding] {
        var findings: [Flannel.Finding] = []
        for index in nodes.indices where leases[index] != nil {
            for finding in daemon(index).findings where !findings.contains(finding) { findings.append(finding) }
        }
        for index in nodes.indices where leases[index] == nil {
            findings.append(Flannel.Finding(.noLease, "node \(nodes[index].name) has no pod range: flanneld does not run there"))
        }
        return findings + flannel.findings(leases.compactMap(\.self))
    }
}
