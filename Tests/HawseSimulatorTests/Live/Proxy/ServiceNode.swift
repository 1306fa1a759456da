import HawseControl
import HawseModel
import HawseWire

/// A node of a cluster for drawn Services: pods of its own behind `eth1`; other nodes, their pods and the world behind `eth0`.
struct ServiceNode {
    /// Where a client of Services may send to.
    struct Front: Hashable {
        var address: String
        var ipProtocol: UInt8
        var port: UInt16
    }

    let isIPv6: Bool
    let drawn: DrawnServices
    var setup: LiveSetup
    private(set) var hosts: [GeneratedNode.Host] = []
    private(set) var fronts: [Front] = []

    private var own: String { isIPv6 ? DrawnServices.nodeIPv6 : DrawnServices.nodeIPv4 }
    private var bridge: String { isIPv6 ? "fd00:10:244::1" : "10.244.0.1" }
    var loopback: String { isIPv6 ? "::1" : "127.0.0.1" }
    var own4and6: [String] { [own, bridge] }

    init(_ draw: Draw, seed: UInt64, drawn: DrawnServices, settings: [String: String]) {
        isIPv6 = draw.percent(40)
        self.drawn = drawn
        setup = LiveSetup(
            name: "services-\(seed)", suite: "kube", about: "Services by chance, packets to them by chance", family: isIPv6 ? 6 : 4,
            interfaces: [], routes: [], neighbors: [], sysctls: [:])
        setup.interfaces = [
            LiveSetup.Interface(name: "eth0", mac: "02:00:00:00:01:01", addresses: [own + (isIPv6 ? "/64" : "/24")]),
            LiveSetup.Interface(name: "eth1", mac: "02:00:00:00:01:02", addresses: [bridge + (isIPv6 ? "/64" : "/24")]),
        ]
        addHosts()
        addFronts()
        setup.sysctls = [
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.ipv4.conf.all.rp_filter": "0",
            "net.ipv4.conf.default.rp_filter": "0", "net.ipv4.conf.all.send_redirects": "0",
            "net.ipv4.conf.default.send_redirects": "0", "net.ipv4.icmp_ratelimit": "0", "net.ipv6.icmp.ratelimit": "0",
            "net.ipv4.icmp_msgs_per_sec": "100000", "net.ipv6.icmp.ratemask": "0", "net.ipv6.auto_flowlabels": "0",
            "net.ipv4.icmp_msgs_burst": "100000", "net.netfilter.nf_conntrack_acct": "1",
        ]
        // What is not the first namespace's alone.
        for (key, value) in settings where key.hasSuffix("route_localnet") || key.hasSuffix("be_liberal") { setup.sysctls[key] = value }
        for name in ["eth0", "eth1"] { setup.sysctls["net.ipv\(isIPv6 ? 6 : 4).neigh.\(name).retrans_time_ms"] = "60000" }
        setup.free =
            isIPv6
            ? [LiveSetup.Free(field: "ip-id"), LiveSetup.Free(field: "ipv6-flow-label")]
            : [LiveSetup.Free(field: "ip-id", of: "ICMP messages of the node")]
        setup.kernel = LiveCase.release
        // Where translations clash the kernel draws: ours draws the same then.
        setup.free.append(LiveSetup.Free(field: "nat-draws"))
    }

    /// For the traffic, which speaks of hosts and a router.
    var node: GeneratedNode {
        GeneratedNode(
            setup, hosts: hosts, routerAddresses: own4and6,
            routerMAC: ["eth0": "02:00:00:00:01:01", "eth1": "02:00:00:00:01:02"])
    }

    private mutating func addHosts() {
        func neighbor(_ address: String, _ mac: String, _ device: String) {
            setup.neighbors.append("\(address) lladdr \(mac) dev \(device)")
        }
        for number in 5...10 {
            let address = isIPv6 ? "fd00:10:244::\(number)" : "10.244.0.\(number)"
            let mac = "02:00:00:00:aa:0\(String(number, radix: 16))"
            neighbor(address, mac, "eth1")
            hosts.append(GeneratedNode.Host(device: "eth1", address: address, mac: mac))
        }
        for (index, node) in ["12", "13"].enumerated() {
            let address = isIPv6 ? "fd00:192:168:50::\(node)" : "192.168.50.\(node)"
            let mac = "02:00:00:00:bb:\(node)"
            neighbor(address, mac, "eth0")
            hosts.append(GeneratedNode.Host(device: "eth0", address: address, mac: mac))
            setup.routes.append(isIPv6 ? "fd00:10:244:\(index + 1)::/64 via \(address) dev eth0" : "10.244.\(index + 1).0/24 via \(address) dev eth0")
            for number in 5...9 {
                let pod = isIPv6 ? "fd00:10:244:\(index + 1)::\(number)" : "10.244.\(index + 1).\(number)"
                hosts.append(GeneratedNode.Host(device: "eth0", address: pod, mac: mac))
            }
        }
        let gateway = isIPv6 ? "fd00:192:168:50::fe" : "192.168.50.254"
        neighbor(gateway, "02:00:00:00:bb:fe", "eth0")
        setup.routes.append("default via \(gateway) dev eth0")
        for address in isIPv6 ? ["2001:db8:a::7", "2001:db8:b::7"] : ["198.51.100.7", "198.51.100.9", "192.0.2.7"] {
            hosts.append(GeneratedNode.Host(device: "eth0", address: address, mac: "02:00:00:00:bb:fe"))
        }
    }

    private mutating func addFronts() {
        let numbers: [String: UInt8] = ["TCP": 6, "UDP": 17, "SCTP": 132]
        func add(_ address: String, _ kind: UInt8, _ port: Int) {
            guard address.contains(":") == isIPv6, let port = UInt16(exactly: port), port > 0 else { return }
            fronts.append(Front(address: address, ipProtocol: kind, port: port))
        }
        for service in drawn.objects.services {
            for port in service.spec.ports {
                let kind = numbers[port.protocol.rawValue] ?? 6
                for address in service.spec.clusterIPs + service.spec.externalIPs + service.status.loadBalancer.ingress.map(\.ip) {
                    add(address, kind, port.port)
                }
                // The first of many: no Service has that one.
                add(service.spec.clusterIPs[0], kind, 9999)
                for address in own4and6 + [loopback, isIPv6 ? "fd00:192:168:50::12" : "192.168.50.12"] where port.nodePort > 0 {
                    add(address, kind, port.nodePort)
                }
            }
            for address in own4and6 { add(address, 6, service.spec.healthCheckNodePort) }
        }
        add(isIPv6 ? "fd00:10:96::ff" : "10.96.0.255", 6, 80)
        add(isIPv6 ? "fd00:10:244::5" : "10.244.0.5", 6, 8080)
    }
}

/// Clients of Services: pods, other nodes, the world, and the node itself.
struct ServiceTraffic {
    let place: ServiceNode
    let draw: Draw
    /// The ports that processes of the node send datagrams from; empty: any, and nobody listens there.
    var datagramPorts: [UInt16] = []

    func begin(_ traffic: GeneratedTraffic) -> [Injection] {
        switch draw.below(16) {
        case 0 where !traffic.order.isEmpty: return traffic.again()
        case 1, 2, 3: return local(traffic)
        default:
            var conversation = conversation(traffic, draw.pick(place.hosts), draw.pick(place.fronts.filter { $0.address != place.loopback }))
            let packet = traffic.opening(&conversation)
            traffic.add(conversation)
            return traffic.dressed(packet, conversation)
        }
    }

    private func conversation(_ traffic: GeneratedTraffic, _ host: GeneratedNode.Host, _ front: ServiceNode.Front) -> Conversation {
        let key = Conversation.Key(
            device: host.device, own: traffic.address(host.address), peer: traffic.address(front.address),
            ipProtocol: front.ipProtocol, ownPort: traffic.port(), peerPort: front.port)
        return Conversation(key: key, mac: host.mac, routerMAC: traffic.node.routerMAC[host.device] ?? "", sequence: draw.word())
    }

    private func local(_ traffic: GeneratedTraffic) -> [Injection] {
        let front = draw.pick(place.fronts)
        let isFixed = front.ipProtocol == 17 && !datagramPorts.isEmpty
        let source = front.address == place.loopback ? place.loopback : draw.pick(place.own4and6)
        var packet = traffic.packet(
            traffic.address(source), traffic.address(front.address), front.ipProtocol,
            Self.opening(front.ipProtocol, isFixed ? draw.pick(datagramPorts) : traffic.port(), front.port, number: draw.word()))
        packet.extensions = []
        packet.options = []
        packet.ttl = 64
        packet.hasWrongChecksum = false
        return [Injection(device: nil, bytes: packet.bytes)]
    }

    /// The first packet of a client, with a number in it by which it is known again.
    static func opening(_ ipProtocol: UInt8, _ own: UInt16, _ peer: UInt16, number: UInt32) -> [UInt8] {
        switch ipProtocol {
        case 6: TransportBytes.tcp(own, peer, sequence: number, acknowledgement: 0, flags: 2, options: [2, 4, 5, 0xb4])
        case 17: TransportBytes.udp(own, peer, payload: TransportBytes.long(number))
        default:
            TransportBytes.sctp(
                own, peer, tag: 0, chunks: [TransportBytes.chunk(1, TransportBytes.long(number) + [0, 0, 0xff, 0xff, 0, 1, 0, 1, 0, 0, 0, 1])])
        }
    }
}
