import HawseModel
import HawseWire

extension Flannel {
    /// A registry over a store of leases, the way flannel uses etcd (`LocalManager`).
    public final class StoredSubnetRegistry: SubnetRegistry {
        /// 24 hours.
        public static let leaseSeconds: Int64 = 86_400
        static let raceRetries = 10
        /// How many free subnets are looked at before one of them is drawn.
        static let candidates = 100

        private let store: any LeaseStore
        /// The subnet of the last life of this node, from its subnet.env.
        private let previous: (subnet: IPPrefix, ipv6Subnet: IPPrefix?)?
        private var chance: RandomStream
        private var watcher = LeaseWatcher()
        private var revision: Int64?

        public init(_ store: any LeaseStore, previous: (IPPrefix, IPPrefix?)? = nil, chance: RandomStream) {
            self.store = store
            self.previous = previous
            self.chance = chance
        }

        public func networkConfiguration() throws(RegistryError) -> NetworkConfiguration {
            guard let text = try store.configurationText() else { throw .configurationMissing }
            do throws(ConfigurationError) {
                return try NetworkConfiguration.read(text, file: "config").configuration.completed(file: "config")
            } catch { throw .configuration(error) }
        }

        public func acquire(_ attributes: LeaseAttributes, at now: Instant) throws(RegistryError) -> Lease {
            let configuration = try networkConfiguration()
            for _ in 0..<Self.raceRetries {
                if let lease = try attempt(attributes, configuration, now) {
                    watcher.own = lease
                    return lease
                }
            }
            throw .tooManyRaces
        }

        private func attempt(
            _ attributes: LeaseAttributes, _ configuration: NetworkConfiguration, _ now: Instant
        ) throws(RegistryError) -> Lease? {
            let leases = try store.leases(at: now).leases
            if var own = leases.first(where: { $0.attributes.publicIP == attributes.publicIP }) {
                if configuration.admits(own.subnet, .ipv4), configuration.admits(own.ipv6Subnet, .ipv6) {
                    let isReservation = own.expiration == nil
                    own.attributes = attributes
                    own.expiration = try store.update(
                        own, secondsToLive: isReservation ? 0 : Self.leaseSeconds, at: now)
                    return own
                }
                // The network has changed since: the old subnet is of no use.
                if let key = own.key { try store.delete(key, at: now) }
            }
            var lease = Lease(subnet: nil, attributes: attributes)
            if let previous, !leases.contains(where: { $0.subnet == previous.subnet }),
                configuration.admits(previous.subnet, .ipv4), configuration.admits(previous.ipv6Subnet, .ipv6)
            {
                (lease.subnet, lease.ipv6Subnet) = previous
            } else {
                (lease.subnet, lease.ipv6Subnet) = try draw(configuration, leases)
            }
            switch try store.create(lease, secondsToLive: Self.leaseSeconds, at: now) {
            case .created(let expiration):
                lease.expiration = expiration
                return lease
            case .exists: return nil
            }
        }

        /// One of the first hundred free subnets of each family.
        private func draw(_ configuration: NetworkConfiguration, _ leases: [Lease]) throws(RegistryError) -> (
            IPPrefix?, IPPrefix?
        ) {
            var drawn: [AddressFamily: IPPrefix] = [:]
            for family in AddressFamily.allCases {
                guard let limits = configuration.limits(family) else { continue }
                let taken = FreeSubnets(leases.compactMap { $0.subnet(family) })
                let free = taken.free(limits, atMost: Self.candidates)
                guard !free.isEmpty else { throw .outOfSubnets }
                drawn[family] = free[Int(chance.below(UInt32(free.count)))]
            }
            return (drawn[.ipv4], drawn[.ipv6])
        }

        public func renew(_ lease: Lease, at now: Instant) throws(RegistryError) -> Lease {
            var renewed = lease
            let seconds = lease.expiration == nil ? 0 : Self.leaseSeconds
            renewed.expiration = try store.update(lease, secondsToLive: seconds, at: now)
            return renewed
        }

        public func release(_ lease: Lease, at now: Instant) throws(RegistryError) {
            if let key = lease.key { try store.delete(key, at: now) }
        }

        public func events(at now: Instant) throws(RegistryError) -> [LeaseEvent] {
            if let revision, let news = try store.events(after: revision, at: now) {
                self.revision = news.revision
                return watcher.update(news.events)
            }
            let (leases, revision) = try store.leases(at: now)
            self.revision = revision
            return watcher.reset(leases)
        }

        /// Whether the last call of `events` told that this node's own lease is gone; it tells so once.
        public func takeRevocation() -> Bool {
            defer { watcher.isOwnRemoved = false }
            return watcher.isOwnRemoved
        }
    }

    /// Turns a store's changes into news for one node: nothing of its own subnet, and after a gap only differences.
    public struct LeaseWatcher: Sendable {
        /// The node's own lease.
        public var own: Lease?
        public private(set) var leases: [Lease] = []
        /// The node's own subnet was taken away.
        public internal(set) var isOwnRemoved = false

        public init(own: Lease? = nil) { self.own = own }

        /// After a full list.
        public mutating func reset(_ list: [Lease]) -> [LeaseEvent] {
            let others = list.filter { lease in own.map { !$0.isSameSubnet(as: lease) } ?? true }
            let known = Set(leases.map(\.identity))
            let present = Set(others.map(\.identity))
            var events = others.filter { !known.contains($0.identity) }.map { LeaseEvent(.added, $0) }
            events += leases.filter { !present.contains($0.identity) }.map { LeaseEvent(.removed, $0) }
            leases = others
            return events
        }

        /// After changes. A removal is told with what was known of the lease.
        public mutating func update(_ events: [LeaseEvent]) -> [LeaseEvent] {
            var news: [LeaseEvent] = []
            for event in events {
                if let own, own.isSameSubnet(as: event.lease) {
                    if event.kind == .removed { isOwnRemoved = true }
                    continue
                }
                let index = leases.firstIndex { $0.isSameSubnet(as: event.lease) }
                switch (event.kind, index) {
                case (.added, let index?): leases[index] = event.lease
                case (.added, nil): leases.append(event.lease)
                case (.removed, let index?):
                    news.append(LeaseEvent(.removed, leases.remove(at: index)))
                    continue
                case (.removed, nil): break
                }
                news.append(event)
            }
            return news
        }
    }
}

extension Flannel.Lease {
    /// The subnets: what tells two leases apart.
    public struct Identity: Hashable, Sendable {
        var subnet: IPPrefix?
        var ipv6Subnet: IPPrefix?
    }

    public var identity: Identity { Identity(subnet: subnet, ipv6Subnet: ipv6Subnet) }
}

/// Subnets that are taken, sorted, so that a thousand nodes can be given theirs quickly.
struct FreeSubnets {
    private var taken: [(first: IPAddress, last: IPAddress)]

    init(_ subnets: [IPPrefix]) {
        let sorted = subnets.map { (first: $0.network.address, last: $0.last) }.sorted { $0.first < $1.first }
        // Merged, so that an enclosing subnet hides those inside it.
        taken = []
        for range in sorted {
            if let last = taken.last, range.first <= last.last {
                taken[taken.count - 1].last = max(last.last, range.last)
            } else {
                taken.append(range)
            }
        }
    }

    /// The first free subnets between the limits, in order.
    func free(_ limits: (first: IPAddress, last: IPAddress, length: Int), atMost count: Int) -> [IPPrefix] {
        var result: [IPPrefix] = []
        var subnet = IPPrefix(limits.first, length: limits.length)
        var index = 0
        while subnet.address <= limits.last, result.count < count {
            while index < taken.count, taken[index].last < subnet.address { index += 1 }
            if index == taken.count || taken[index].first > subnet.last { result.append(subnet) }
            let next = subnet.next
            // Behind the last subnet of the address space there is none.
            guard next.address > subnet.address else { break }
            subnet = next
        }
        return result
    }
}
