import HawseModel
import HawseWire

extension Flannel {
    /// Leases in memory over a logical clock: the store for simulations, with etcd's rules (revisions, leases that
    /// end by themselves, creation only when absent, a bounded history).
    public final class MemoryLeaseStore: LeaseStore {
        struct Entry {
            var lease: Lease
            var revision: Int64
        }

        /// While `true` every call fails: the registry is cut off.
        public var isUnreachable = false
        public private(set) var revision: Int64 = 1
        private var configuration: String?
        private var entries: [SubnetKey: Entry] = [:]
        private var history: [(revision: Int64, event: LeaseEvent)] = []
        private let historyLimit: Int
        /// Nothing at or before this revision is known any more.
        private var compacted: Int64 = 0
        /// The earliest end of a lease, so that time passes cheaply.
        private var nextExpiration = Instant.distantFuture

        public init(configuration: String? = nil, historyLimit: Int = 100_000) {
            self.configuration = configuration
            self.historyLimit = max(1, historyLimit)
        }

        public func setConfiguration(_ text: String) {
            configuration = text
            revision += 1
        }

        /// When the next lease ends.
        public var nextTimer: Instant { nextExpiration }

        /// Keys and values as they stand in the store, by key; `prefix` is that of etcd.
        public func contents(prefix: String = "/coreos.com/network", at now: Instant) -> [(key: String, value: String)] {
            expire(now)
            var list = entries.values.compactMap { entry in
                entry.lease.key.map { ("\(prefix)/subnets/\($0)", entry.lease.attributes.text) }
            }
            if let configuration { list.append(("\(prefix)/config", configuration)) }
            return list.sorted { $0.0 < $1.0 }.map { (key: $0.0, value: $0.1) }
        }

        private func reach(_ now: Instant) throws(RegistryError) {
            expire(now)
            if isUnreachable { throw .unreachable("cut off by the fault plan") }
        }

        public func expire(_ now: Instant) {
            guard nextExpiration <= now else { return }
            let ended = entries.filter { $0.value.lease.expiration.map { $0 <= now } ?? false }
                .sorted { ($0.value.lease.expiration ?? .zero, $0.value.revision) < ($1.value.lease.expiration ?? .zero, $1.value.revision) }
            for (key, entry) in ended {
                entries[key] = nil
                record(LeaseEvent(.removed, entry.lease))
            }
            nextExpiration = entries.values.compactMap(\.lease.expiration).min() ?? .distantFuture
        }

        private func record(_ event: LeaseEvent) {
            revision += 1
            history.append((revision, event))
            if history.count > 2 * historyLimit {
                compacted = history[history.count - historyLimit - 1].revision
                history.removeFirst(history.count - historyLimit)
            }
        }

        private func put(_ lease: Lease, _ key: SubnetKey) {
            record(LeaseEvent(.added, lease))
            entries[key] = Entry(lease: lease, revision: revision)
            if let end = lease.expiration { nextExpiration = min(nextExpiration, end) }
        }

        public func configurationText() throws(RegistryError) -> String? {
            if isUnreachable { throw .unreachable("cut off by the fault plan") }
            return configuration
        }

        /// In the order of their keys, as etcd lists.
        public func leases(at now: Instant) throws(RegistryError) -> (leases: [Lease], revision: Int64) {
            try reach(now)
            return (entries.map { ("\($0.key)", $0.value.lease) }.sorted { $0.0 < $1.0 }.map(\.1), revision)
        }

        public func create(_ lease: Lease, secondsToLive: Int64, at now: Instant) throws(RegistryError) -> Created {
            try reach(now)
            guard let key = lease.key else { throw .unsupported("a lease without an IPv4 subnet has no key") }
            guard entries[key] == nil else { return .exists }
            var kept = lease
            kept.expiration = secondsToLive > 0 ? now + .seconds(secondsToLive) : nil
            put(kept, key)
            return .created(expiration: kept.expiration)
        }

        public func update(_ lease: Lease, secondsToLive: Int64, at now: Instant) throws(RegistryError) -> Instant? {
            try reach(now)
            guard let key = lease.key else { throw .unsupported("a lease without an IPv4 subnet has no key") }
            var kept = lease
            kept.expiration = secondsToLive > 0 ? now + .seconds(secondsToLive) : nil
            put(kept, key)
            return kept.expiration
        }

        public func delete(_ key: SubnetKey, at now: Instant) throws(RegistryError) {
            try reach(now)
            guard let entry = entries.removeValue(forKey: key) else { return }
            record(LeaseEvent(.removed, entry.lease))
        }

        public func events(after revision: Int64, at now: Instant) throws(RegistryError) -> StoreEvents? {
            try reach(now)
            if revision < compacted { return nil }
            var low = 0
            var high = history.count
            while low < high {
                let middle = (low + high) / 2
                if history[middle].revision <= revision { low = middle + 1 } else { high = middle }
            }
            return StoreEvents(events: history[low...].map(\.event), revision: self.revision)
        }
    }
}
