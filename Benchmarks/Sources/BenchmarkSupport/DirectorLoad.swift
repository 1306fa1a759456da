import Hawse

/// A director and nothing else: one masqueraded virtual service with so many servers, no rules, no conntrack.
public final class DirectorLoad {
    public let node: Dataplane
    public private(set) var now = Instant(seconds: 1000)
    private let eth0: UInt16
    private let eth1: UInt16
    private let servers: Int
    private var next = 0

    public static let key = VirtualService.Key.address(ipProtocol: .tcp, address: IPAddress(ipv4: 0x0a60_0001), port: 80)

    public init(_ scheduler: VirtualService.Scheduler, servers: Int, seed: UInt64 = 1) throws {
        self.servers = servers
        var spec = NodeSpec(name: "director")
        spec.interfaces = [
            InterfaceSpec(name: "eth0", mac: MACAddress(0x0200_0000_0101), addresses: [IPPrefix(IPAddress(ipv4: 0xc000_0201), length: 24)]),
            InterfaceSpec(name: "eth1", mac: MACAddress(0x0200_0000_0102), addresses: [IPPrefix(IPAddress(ipv4: 0x0a01_ff01), length: 16)]),
            InterfaceSpec(
                name: "kube-ipvs0", kind: .dummy, isUp: false, addresses: [IPPrefix(IPAddress(ipv4: 0x0a60_0001), length: 32)]),
        ]
        let gateway = IPAddress(ipv4: 0xc000_02fe)
        spec.routes = [Route(destination: IPPrefix(IPAddress(ipv4: 0), length: 0), nextHops: [.init(gateway: gateway, device: "eth0")])]
        spec.neighbors = [Neighbor(address: gateway, mac: MACAddress(0x0200_0000_fefe), device: "eth0")]
            + (0..<servers).map {
                Neighbor(address: IPAddress(ipv4: Self.server($0)), mac: MACAddress(0x0200_0000_0b02), device: "eth1")
            }
        spec.sysctls = Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.rp_filter": "0", "net.ipv4.conf.default.rp_filter": "0",
        ])
        spec.ipvs = IPVSSpec(services: [VirtualService(key: Self.key, scheduler: .rr)])
        node = try Dataplane(spec, seed: seed)
        eth0 = node.interfaceIndex("eth0") ?? 1
        eth1 = node.interfaceIndex("eth1") ?? 2
        node.advance(to: now)
        for number in 0..<servers {
            // `ovf` lets a server have no more connections than its weight.
            try node.ipvs.apply(
                .addDestination(
                    Self.key,
                    Destination(
                        address: IPAddress(ipv4: Self.server(number)), port: 8080, forwarding: .masquerade,
                        weight: scheduler == .ovf ? 1 << 20 : Int32(1 + number % 7))))
        }
        // The scheduler is set when all are there: one table instead of one for every server.
        try node.ipvs.apply(.editService(VirtualService(key: Self.key, scheduler: scheduler)))
        node.keepsOutputs = false
    }

    static func server(_ number: Int) -> UInt32 { 0x0a01_0001 + UInt32(number) }

    private func client(_ number: Int) -> (address: UInt32, port: UInt16) {
        // Ports run fastest, so that sh and mh see many clients and many ports.
        (0xc612_0000 + UInt32(number & 0xffff) * 7 % 0x1_fff0 + 1, UInt16(10_000 + number >> 16 % 50_000))
    }

    private func segment(_ number: Int, _ flags: UInt8, payload: Int = 0) -> [UInt8] {
        let (address, port) = client(number)
        return Flow.segment(
            to: [2, 0, 0, 0, 1, 1], from: address, port, to: 0x0a60_0001, 80, flags: flags, sequence: 1,
            acknowledgement: 0, payload: payload)
    }

    /// The first packets of connections that were not there before.
    public func opening(_ count: Int) -> Traffic {
        let traffic = Traffic()
        for _ in 0..<count {
            traffic.append(segment(next, Flow.syn), on: eth0)
            next += 1
        }
        return traffic
    }

    /// Plays such packets; nanoseconds of CPU time each. Making the frames is not counted.
    public func newConnections(_ count: Int) -> Double {
        let traffic = opening(count)
        let start = CPUClock.nanoseconds()
        now = traffic.play(through: node, from: now)
        return (CPUClock.nanoseconds() - start) / Double(max(count, 1))
    }

    /// The packets that clients of the connections so far send on, in random order.
    public func established(_ count: Int) -> Traffic {
        let traffic = Traffic()
        let step = max(next / max(count, 1), 1)
        for number in stride(from: 0, to: next, by: step) { traffic.append(segment(number, Flow.ack, payload: 6), on: eth0) }
        traffic.shuffle(seed: 1)
        return traffic
    }

    public func play(_ traffic: Traffic) { now = traffic.play(through: node, from: now) }
}
