import HawseDataplane
import HawseModel
import HawseWire

/// The same load through several schedulers side by side: who gets what, and what every change of the servers does to
/// the flows under way. Every contender is a whole node, so that states, timeouts and thresholds count.
///
/// All destinations are taken as masqueraded, since that is how the node's frames show the choice.
public struct SchedulerStudy: Sendable {
    public struct Contender: Hashable, Sendable {
        public var scheduler: VirtualService.Scheduler
        public var flags: VirtualService.Flags
        public var label: String

        public init(_ scheduler: VirtualService.Scheduler, flags: VirtualService.Flags = [], label: String? = nil) {
            self.scheduler = scheduler
            self.flags = flags
            self.label = label ?? scheduler.rawValue
        }
    }

    /// A change of the servers in mid-run.
    public struct Change: Hashable, Sendable {
        /// Nanoseconds from the beginning.
        public var time: Int64
        public var command: IPVSCommand
        public var label: String

        public init(time: Int64, command: IPVSCommand, label: String) {
            self.time = time
            self.command = command
            self.label = label
        }
    }

    /// The service with its destinations; each contender puts its own scheduler in.
    public var service: VirtualService
    public var contenders: [Contender]
    public var load: StudyLoad
    public var changes: [Change]
    /// Nanoseconds between two looks at the connections.
    public var interval: Int64
    public var sysctls: [String: String]
    public var seed: UInt64

    public init(
        service: VirtualService, contenders: [Contender], load: StudyLoad, changes: [Change] = [],
        interval: Int64 = 1_000_000_000, sysctls: [String: String] = [:], seed: UInt64 = 1
    ) {
        self.service = service
        self.contenders = contenders
        self.load = load
        self.changes = changes.sorted { $0.time < $1.time }
        self.interval = max(interval, 1_000_000)
        self.sysctls = sysctls
        self.seed = seed
    }

    public func run() throws -> StudyResult {
        StudyResult(
            duration: load.duration, flowCount: load.flows.count,
            contenders: try contenders.map { contender in
                var run = try StudyRun(self, contender)
                return try run.play()
            })
    }
}

extension SchedulerStudy {
    /// A node with one device towards clients and servers alike.
    func node(for contender: Contender) throws -> NodeSpec {
        guard case .address(_, let address, _) = service.key else {
            throw Unsupported(description: "a study of a firewall-mark service")
        }
        let isIPv4 = address.family == .ipv4
        let gateway = isIPv4 ? IPAddress(ipv4: 0xc000_02fe) : IPAddress(ipv6High: 0xfe80 << 48, low: 0xfe)
        let own = isIPv4
            ? IPPrefix(IPAddress(ipv4: 0xc000_0201), length: 24)
            : IPPrefix(IPAddress(ipv6High: 0x2001_0db8 << 32, low: 1), length: 64)
        var settings = sysctls
        settings["net.ipv4.ip_forward"] = "1"
        settings["net.ipv6.conf.all.forwarding"] = "1"
        settings["net.ipv4.conf.all.send_redirects"] = "0"
        settings["net.ipv4.conf.default.send_redirects"] = "0"
        settings["net.ipv4.icmp_ratelimit"] = "0"
        settings["net.ipv6.icmp.ratelimit"] = "0"
        settings["net.ipv4.icmp_msgs_per_sec"] = "1000000"
        settings["net.ipv4.icmp_msgs_burst"] = "1000000"
        let mac = MACAddress(0x02_00_00_00_fe_01)
        return NodeSpec(
            interfaces: [
                InterfaceSpec(name: "eth0", kind: .ether, mac: MACAddress(0x02_00_00_00_01_01), addresses: [own]),
                InterfaceSpec(
                    name: "kube-ipvs0", kind: .dummy, isUp: false,
                    addresses: [IPPrefix(address, length: address.family.bitCount)]),
            ],
            routes: [
                Route(
                    destination: IPPrefix(.unspecified(address.family), length: 0),
                    nextHops: [Route.NextHop(gateway: gateway, device: "eth0")])
            ],
            neighbors: [Neighbor(address: gateway, mac: mac, device: "eth0")], sysctls: Sysctls(settings))
    }

    /// The commands that set the service up, one destination after the other.
    func setUp(_ contender: Contender) -> [IPVSCommand] {
        var own = service
        own.destinations = []
        own.scheduler = contender.scheduler
        own.flags = service.flags.intersection([.persistent, .onePacket]).union(contender.flags)
        return [.addService(own)] + service.destinations.map { .addDestination(service.key, Self.masqueraded($0)) }
    }

    static func masqueraded(_ destination: Destination) -> Destination {
        var own = destination
        own.forwarding = .masquerade
        return own
    }

    static func masqueraded(_ command: IPVSCommand) -> IPVSCommand {
        switch command {
        case .addDestination(let key, let destination): .addDestination(key, masqueraded(destination))
        case .editDestination(let key, let destination): .editDestination(key, masqueraded(destination))
        default: command
        }
    }
}
