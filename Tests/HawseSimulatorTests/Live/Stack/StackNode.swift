import HawseWire

/// A small world by chance: a node with wires, bridges and tunnels of both families, and hosts around it.
struct StackNode {
    /// Somebody on a wire.
    struct Host {
        var wire: String
        /// The device of the node that has addresses on that wire.
        var device: String
        var v4: String
        var v6: String
        var mac: String
        /// The node has been told of it; who is not known is asked for, and answers or not.
        var isKnown = true
        var answers = true

        func address(_ isIPv6: Bool) -> String { isIPv6 ? v6 : v4 }
    }

    /// A device with addresses.
    struct Net {
        var device: String
        var mac: String
        var v4: String
        var v6: String
        var mtu = 1500
    }

    enum Kind: CaseIterable { case router, bridge, overlay }

    let kind: Kind
    var setup: LiveSetup
    var nets: [Net] = []
    var hosts: [Host] = []
    /// VTEPs of the overlay: underlay host, inner MAC, inner subnet's number.
    var peers: [(host: Host, mac: String, number: Int)] = []
    /// Addresses of the node, of both families.
    var own: [String] = []
    /// Destinations that some route names.
    var targets: [String] = ["198.51.100.7", "203.0.113.9", "2001:db8:cafe::7", "2001:db8:cafe:1::9"]
    let listenerPorts: [UInt16] = [53, 1000]

    var wires: [String] { setup.interfaces.filter { $0.kind == "ether" }.map(\.name) }
    /// A bridge with a tunnel behind it forwards what the tunnel brings.
    var overlay: LiveSetup.Interface? { setup.interfaces.first { $0.vxlan != nil } }
    func net(_ device: String) -> Net? { nets.first { $0.device == device } }
    func mtu(_ wire: String) -> Int { setup.interfaces.first { $0.name == wire }?.mtu ?? 1500 }

    init(_ draw: Draw, seed: UInt64) {
        kind = draw.pick([.router, .router, .router, .bridge, .overlay])
        setup = LiveSetup(
            name: "stack-\(seed)", about: "random topology, random packets", family: draw.oneIn(2) ? 6 : 4,
            interfaces: [], routes: [], neighbors: [], sysctls: [:])
        setup.suite = "stack"
        switch kind {
        case .router: addRouter(draw)
        case .bridge: addBridge(draw)
        case .overlay: addOverlay(draw)
        }
        addMoreAddresses(draw)
        addRoutes(draw)
        addRules(draw)
        addSettings(draw)
    }

    // MARK: devices

    private mutating func wire(_ name: String, _ number: Int, mtu: Int = 1500, addresses: [String] = []) {
        setup.interfaces.append(
            LiveSetup.Interface(name: name, mac: "02:00:00:00:01:0\(number)", mtu: mtu, addresses: addresses))
    }

    private mutating func net(_ device: String, _ mac: String, _ v4: String, _ v6: String, mtu: Int = 1500) {
        nets.append(Net(device: device, mac: mac, v4: v4, v6: v6, mtu: mtu))
        own += [v4 + "1", v6 + "1"]
    }

    static let names: [(v4: String, v6: String)] = [
        ("192.0.2.", "2001:db8:f::"), ("10.1.0.", "2001:db8:1::"), ("10.3.0.", "2001:db8:3::"),
    ]

    private mutating func addRouter(_ draw: Draw) {
        for (index, name) in Self.names.enumerated() {
            let mtu = draw.percent(70) ? 1500 : draw.pick([1280, 1400, 1300, 1492])
            wire("eth\(index)", index + 1, mtu: mtu, addresses: [name.v4 + "1/24", name.v6 + "1/64"])
            net("eth\(index)", "02:00:00:00:01:0\(index + 1)", name.v4, name.v6, mtu: mtu)
            addHosts(draw, wire: "eth\(index)", device: "eth\(index)", name, first: 0x10 * (index + 1))
        }
    }

    private mutating func addHosts(_ draw: Draw, wire: String, device: String, _ name: (v4: String, v6: String), first: Int) {
        for number in first..<first + 4 {
            let hex = String(number, radix: 16)
            var host = Host(
                wire: wire, device: device, v4: name.v4 + "\(number)", v6: name.v6 + hex, mac: "02:00:00:00:0b:\(hex)")
            // What a tunnel's device says by itself when it comes up must not have asked for anybody yet.
            host.isKnown = draw.percent(60) || (kind == .overlay && device == "eth0")
            host.answers = draw.percent(80)
            add(host)
        }
        guard device == "eth0" else { return }
        add(Host(wire: wire, device: device, v4: name.v4 + "254", v6: name.v6 + "fe", mac: "02:00:00:00:0b:fe"))
    }

    private mutating func add(_ host: Host) {
        hosts.append(host)
        guard host.isKnown else { return }
        for address in [host.v4, host.v6] { setup.neighbors.append("\(address) lladdr \(host.mac) dev \(host.device)") }
    }

    private mutating func addBridge(_ draw: Draw) {
        wire("eth0", 1, addresses: [Self.names[0].v4 + "1/24", Self.names[0].v6 + "1/64"])
        net("eth0", "02:00:00:00:01:01", Self.names[0].v4, Self.names[0].v6)
        addHosts(draw, wire: "eth0", device: "eth0", Self.names[0], first: 0x10)
        let mtu = draw.percent(80) ? 1500 : 1400
        for number in 1...3 { wire("eth\(number)", number + 1, mtu: mtu) }
        var bridge = LiveSetup.Interface(
            name: "br0", mac: "02:00:00:00:01:09", mtu: mtu, addresses: [Self.names[1].v4 + "1/24", Self.names[1].v6 + "1/64"],
            kind: "bridge", bridge_ports: ["eth1", "eth2", "eth3"])
        if draw.oneIn(3) { bridge.hairpin = bridge.bridge_ports.filter { _ in draw.oneIn(2) } }
        if draw.oneIn(3) {
            var ports: [String: LiveSetup.Port] = [:]
            for port in bridge.bridge_ports {
                func rarelyOff() -> Bool { !draw.oneIn(4) }
                ports[port] = LiveSetup.Port(
                    learning: rarelyOff(), flood: rarelyOff(), mcast_flood: rarelyOff(), bcast_flood: rarelyOff(),
                    isolated: draw.oneIn(3))
            }
            bridge.ports = ports
        }
        setup.interfaces.append(bridge)
        net("br0", bridge.mac, Self.names[1].v4, Self.names[1].v6, mtu: mtu)
        for number in 1...3 { addHosts(draw, wire: "eth\(number)", device: "br0", Self.names[1], first: 0x20 + 0x10 * number) }
        if draw.oneIn(3) {
            let host = draw.pick(hosts.filter { $0.device == "br0" })
            setup.fdb.append("\(host.mac) dev \(draw.oneIn(4) ? "eth1" : host.wire) master")
        }
    }

    private mutating func addMoreAddresses(_ draw: Draw) {
        for index in setup.interfaces.indices where !setup.interfaces[index].addresses.isEmpty && draw.oneIn(3) {
            guard let net = net(setup.interfaces[index].name) else { continue }
            let number = draw.pick([2, 3])
            let more = draw.pick([
                "\(net.v4)\(number)/24", "\(net.v4)\(number)/32", "\(net.v6)\(number)/64", "172.16.\(index).1/30",
                "10.77.0.\(index + 1)/32",
                "2001:db8:77::\(index + 1)/128", "172.17.0.\(index * 2)/31",
            ])
            setup.interfaces[index].addresses.append(more)
            own.append(String(more.split(separator: "/")[0]))
        }
    }

    // MARK: overlays

    /// As flannel leaves a node: pods behind a bridge, other nodes' pods behind VTEPs.
    private mutating func addOverlay(_ draw: Draw) {
        let isOuterIPv6 = draw.oneIn(3)
        let overhead = isOuterIPv6 && draw.oneIn(2) ? 70 : 50
        wire("eth0", 1, addresses: [Self.names[0].v4 + "1/24", Self.names[0].v6 + "1/64"])
        net("eth0", "02:00:00:00:01:01", Self.names[0].v4, Self.names[0].v6)
        addHosts(draw, wire: "eth0", device: "eth0", Self.names[0], first: 0x10)
        let mtu = 1500 - overhead
        for number in 1...2 { wire("veth\(number)", number + 1, mtu: mtu) }
        let pods = (v4: "10.244.1.", v6: "2001:db8:42:1::")
        var bridge = LiveSetup.Interface(
            name: "cni0", mac: "02:00:00:00:03:01", mtu: mtu, addresses: [pods.v4 + "1/24", pods.v6 + "1/64"], kind: "bridge",
            bridge_ports: ["veth1", "veth2"])
        bridge.hairpin = draw.oneIn(4) ? [] : ["veth1", "veth2"]
        setup.interfaces.append(bridge)
        net("cni0", bridge.mac, pods.v4, pods.v6, mtu: mtu)
        for number in 1...2 { addHosts(draw, wire: "veth\(number)", device: "cni0", pods, first: 0x10 * number) }
        let name = Self.names[0]
        var tunnel = LiveSetup.Interface(
            name: "flannel.1", mac: "aa:bb:cc:00:00:00", mtu: mtu, addresses: ["10.244.1.0/32", "2001:db8:42:1::/128"],
            kind: "vxlan")
        var options = LiveSetup.VXLAN(
            vni: draw.pick([1, 1, 1, 4096]), local: isOuterIPv6 ? name.v6 + "1" : name.v4 + "1", dev: "eth0")
        options.learning = draw.oneIn(4)
        options.gbp = draw.oneIn(6)
        if draw.oneIn(4) { options.ttl = draw.pick([.number(1), .number(5), .number(64), .inherit]) }
        if draw.oneIn(6) { options.srcport = [40000, 40000 + draw.pick([2, 10, 1000])] }
        if isOuterIPv6, draw.oneIn(3) { (options.udp6zerocsumtx, options.udp6zerocsumrx) = (draw.oneIn(2), draw.oneIn(2)) }
        if draw.oneIn(4) { options.tos = draw.pick([1, 0x10, 0xb8]) }
        if draw.oneIn(4) { options.df = isOuterIPv6 ? "unset" : draw.pick(["set", "inherit", "unset"]) }
        if draw.oneIn(4) { options.udpcsum = draw.oneIn(2) }
        if draw.oneIn(4), let first = hosts.first(where: { $0.isKnown }) { options.remote = first.address(isOuterIPv6) }
        tunnel.vxlan = options
        setup.interfaces.append(tunnel)
        own += ["10.244.1.0", "2001:db8:42:1::"]
        for (index, host) in hosts.filter({ $0.device == "eth0" }).prefix(3).enumerated() {
            addPeer(draw, host, number: index + 2, isOuterIPv6)
        }
    }

    private mutating func addPeer(_ draw: Draw, _ host: Host, number: Int, _ isOuterIPv6: Bool) {
        let mac = "aa:bb:cc:00:00:0\(number)"
        peers.append((host, mac, number))
        if !draw.oneIn(8) { setup.fdb.append("\(mac) dev flannel.1 dst \(host.address(isOuterIPv6))") }
        if draw.oneIn(10) { setup.fdb.append("00:00:00:00:00:00 dev flannel.1 dst \(host.address(isOuterIPv6))") }
        for (gateway, subnet) in [
            ("10.244.\(number).0", "10.244.\(number).0/24"), ("2001:db8:42:\(number)::", "2001:db8:42:\(number)::/64"),
        ] {
            if !draw.oneIn(8) { setup.neighbors.append("\(gateway) lladdr \(mac) dev flannel.1") }
            if draw.oneIn(6) {
                setup.routes.append("\(subnet) via \(host.address(gateway.contains(":"))) dev eth0")
            } else {
                setup.routes.append("\(subnet) via \(gateway) dev flannel.1 onlink")
            }
        }
        targets += ["10.244.\(number).5", "2001:db8:42:\(number)::5"]
    }
}
