import HawseWire

extension Flannel {
    /// Something that works as flannel does it and yet not as one would wish.
    public struct Finding: Hashable, Sendable, CustomStringConvertible {
        public enum Kind: String, Hashable, Sendable, CaseIterable {
            /// The backend's headers are longer than what is kept free for them.
            case headroom
            /// Two leases hold the same subnet.
            case collidingLeases = "colliding-leases"
            /// Two leases hold subnets of which one lies in the other.
            case overlappingSubnets = "overlapping-subnets"
            /// A subnet is not inside the configured network.
            case outsideNetwork = "outside-network"
            /// Two nodes are known by one address.
            case sharedAddress = "shared-address"
            /// Two VXLAN devices have one Ethernet address: frames for both go to one of them.
            case sharedVTEP = "shared-vtep"
            /// A lease of another backend is passed over: its pods cannot be reached.
            case otherBackend = "other-backend"
            /// The VNIs differ: the peer drops what arrives.
            case otherVNI = "other-vni"
            /// host-gw needs its peers on the link.
            case offLink = "off-link"
            /// A node without a lease: its pods are reached from nowhere else.
            case noLease = "no-lease"
            /// The chains are written by nft, which the packets' way does not evaluate.
            case nftables
        }

        public var kind: Kind
        public var message: String

        public init(_ kind: Kind, _ message: String) {
            self.kind = kind
            self.message = message
        }

        public var description: String { "\(kind.rawValue): \(message)" }
    }
}

extension Flannel.Daemon {
    /// What is to be said of this node's own settings.
    public var findings: [Flannel.Finding] {
        var findings: [Flannel.Finding] = []
        for family in AddressFamily.allCases where configuration.isEnabled(family) {
            guard underlay.address(family) != nil else { continue }
            let largest = podMTU + backend.addedBytes(underlay: family)
            if largest > underlay.mtu {
                findings.append(
                    Flannel.Finding(
                        .headroom,
                        "\(backend.typeName) over an \(family.title) underlay adds \(backend.addedBytes(underlay: family))"
                            + " bytes and flannel reserves \(backend.reservedBytes): pods have MTU \(podMTU), and packets"
                            + " over \(underlay.mtu - backend.addedBytes(underlay: family)) bytes do not fit the underlay's"
                            + " \(underlay.mtu)"))
            }
        }
        if configuration.enableNFTables {
            findings.append(
                Flannel.Finding(.nftables, "EnableNFTables: masquerading and forwarding are left to nft's own tables"))
        }
        return findings
    }

    /// What is to be said of a peer's lease.
    public func findings(about lease: Flannel.Lease) -> [Flannel.Finding] {
        let name = lease.key?.description ?? "\(lease.ipv6Subnet.map { "\($0)" } ?? "no subnet")"
        var findings: [Flannel.Finding] = []
        let expected = attributes.backendType
        if lease.attributes.backendType != expected {
            findings.append(
                Flannel.Finding(
                    .otherBackend,
                    "lease \(name) is of backend \"\(lease.attributes.backendType)\", this node's is \"\(expected)\""))
        }
        for family in AddressFamily.allCases where configuration.isEnabled(family) {
            if case .vxlan(let options) = backend, case .vxlan(let vni, _)? = lease.attributes.data(family),
                vni != options.vni
            {
                findings.append(
                    Flannel.Finding(.otherVNI, "lease \(name) has VNI \(vni), this node's is \(options.vni)"))
            }
            if case .hostGateway = backend, let peer = lease.attributes.publicAddress(family), !underlay.isOnLink(peer) {
                findings.append(
                    Flannel.Finding(.offLink, "host-gw: \(peer) of lease \(name) is not on \(underlay.device)'s link"))
            }
        }
        return findings
    }
}

extension Flannel.NetworkConfiguration {
    /// What is to be said of all leases together.
    public func findings(_ leases: [Flannel.Lease]) -> [Flannel.Finding] {
        var findings: [Flannel.Finding] = []
        for family in AddressFamily.allCases where isEnabled(family) {
            let held = leases.compactMap { lease in lease.subnet(family).map { (subnet: $0.network, lease: lease) } }
                .sorted { $0.subnet < $1.subnet }
            findings += overlaps(held)
            if let network = podNetwork(family) {
                for entry in held where !network.contains(entry.subnet) {
                    findings.append(
                        Flannel.Finding(.outsideNetwork, "subnet \(entry.subnet) is not inside the network \(network)"))
                }
            }
            findings += shared(held.map(\.lease), .sharedAddress, "public address") {
                $0.attributes.publicAddress(family).map { "\($0)" }
            }
            findings += shared(held.map(\.lease), .sharedVTEP, "VTEP") {
                if case .vxlan(_, let mac)? = $0.attributes.data(family) { "\(mac)" } else { nil }
            }
        }
        return findings
    }

    /// Sorted by base, an overlap shows against the widest subnet so far.
    private func overlaps(_ held: [(subnet: IPPrefix, lease: Flannel.Lease)]) -> [Flannel.Finding] {
        var findings: [Flannel.Finding] = []
        var widest: (subnet: IPPrefix, lease: Flannel.Lease)?
        for entry in held {
            if let outer = widest, outer.subnet.contains(entry.subnet.address) {
                let holders = [outer.lease, entry.lease].map { lease in
                    lease.attributes.publicAddress(entry.subnet.family).map { "\($0)" } ?? "a node without address"
                }
                let isSame = outer.subnet == entry.subnet
                findings.append(
                    isSame
                        ? Flannel.Finding(
                            .collidingLeases, "subnet \(entry.subnet) is held by \(holders[0]) and by \(holders[1])")
                        : Flannel.Finding(
                            .overlappingSubnets,
                            "subnet \(entry.subnet) of \(holders[1]) lies in \(outer.subnet) of \(holders[0])"))
            }
            if widest.map({ $0.subnet.last < entry.subnet.last }) ?? true { widest = entry }
        }
        return findings
    }

    private func shared(
        _ leases: [Flannel.Lease], _ kind: Flannel.Finding.Kind, _ what: String, _ value: (Flannel.Lease) -> String?
    ) -> [Flannel.Finding] {
        var first: [String: Flannel.Lease] = [:]
        var findings: [Flannel.Finding] = []
        for lease in leases {
            guard let value = value(lease) else { continue }
            if let other = first[value] {
                let names = [other, lease].map { $0.subnet ?? $0.ipv6Subnet }.map { $0.map { "\($0)" } ?? "?" }
                findings.append(Flannel.Finding(kind, "\(what) \(value) stands in the leases of \(names[0]) and \(names[1])"))
            } else {
                first[value] = lease
            }
        }
        return findings
    }
}
