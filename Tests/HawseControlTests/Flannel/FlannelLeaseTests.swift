import HawseControl
import HawseModel
import HawseWire
import Testing

/// The rows of kind `lease`, and what else a registry promises.
@Suite struct FlannelLeaseTests {
    static func attributes(_ address: String, backend: String = "") throws -> Flannel.LeaseAttributes {
        Flannel.LeaseAttributes(publicIP: IPAddress(address), backendType: backend)
    }

    static func store(_ row: ManifestNode) throws -> Flannel.MemoryLeaseStore {
        let store = Flannel.MemoryLeaseStore(configuration: FlannelTable.text(try #require(row["config"])))
        for lease in row["leases"]?.items ?? [] { try create(lease, in: store, at: .zero) }
        return store
    }

    static func create(_ node: ManifestNode, in store: Flannel.MemoryLeaseStore, at now: Instant) throws {
        let lease = Flannel.Lease(
            subnet: try #require(node["subnet"]?.text.flatMap { IPPrefix($0) }),
            attributes: try attributes(try #require(node["PublicIP"]?.text)))
        let seconds = node["ttlSeconds"]?.int ?? 86_400
        #expect(try store.create(lease, secondsToLive: Int64(seconds), at: now) != .exists)
    }

    static func registry(_ store: Flannel.MemoryLeaseStore, seed: UInt64 = 1) -> Flannel.StoredSubnetRegistry {
        Flannel.StoredSubnetRegistry(store, chance: RandomStream(seed: seed, purpose: "flannel"))
    }

    @Test(arguments: 0..<40)
    func rows(seed: UInt64) throws {
        for row in try FlannelTable.rows("lease") {
            let store = try Self.store(row)
            let registry = Self.registry(store, seed: seed)
            let own = try Self.attributes(try #require(row["acquire"]?["PublicIP"]?.text))
            let first = try registry.acquire(own, at: .zero)
            if let new = row["newConfig"] { store.setConfiguration(FlannelTable.text(new)) }
            let lease = row["acquire"]?["times"] != nil ? try registry.acquire(own, at: .zero) : first
            let expect = try #require(row["expect"])
            if expect["same"]?.flag == true { #expect(lease.subnet == first.subnet) }
            if let between = expect["between"]?.items?.compactMap({ $0.text.flatMap { IPAddress($0) } }) {
                let base = try #require(lease.subnet?.address)
                #expect(base >= between[0] && base <= between[1])
            }
            for taken in expect["notIn"]?.items ?? [] { #expect(lease.subnet?.description != taken.text) }
            guard let events = expect["events"]?.items else { continue }
            #expect(try registry.events(at: .zero).isEmpty, "its own lease is no news")
            try Self.create(try #require(row["created"]), in: store, at: .zero)
            var told = try registry.events(at: Instant(seconds: 1))
            told += try registry.events(at: Instant(seconds: 4))
            #expect(told.map(\.kind.rawValue) == events.map { $0["type"]?.text })
            #expect(told.map { $0.lease.subnet?.description } == events.map { $0["subnet"]?.text })
        }
    }

    @Test func twoNodesNeverShareASubnet() throws {
        let store = Flannel.MemoryLeaseStore(
            configuration: #"{"Network":"10.9.0.0/20","SubnetLen":26,"Backend":{"Type":"host-gw"}}"#)
        var subnets: Set<IPPrefix> = []
        for number in 1...63 {
            let registry = Self.registry(store, seed: UInt64(number))
            let lease = try registry.acquire(try Self.attributes("192.0.2.\(number)"), at: .zero)
            #expect(subnets.insert(try #require(lease.subnet)).inserted)
        }
        let late = Self.registry(store)
        #expect(throws: Flannel.RegistryError.outOfSubnets) {
            try late.acquire(try Self.attributes("192.0.2.200"), at: .zero)
        }
        // A day later nobody has renewed: all are free again.
        _ = try late.acquire(try Self.attributes("192.0.2.200"), at: Instant(seconds: 86_400))
    }

    @Test func leasesAreRenewedAnHourAhead() throws {
        let store = Flannel.MemoryLeaseStore(configuration: #"{"Network":"10.3.0.0/16"}"#)
        let registry = Self.registry(store)
        var keeper = Flannel.LeaseKeeper(try registry.acquire(try Self.attributes("192.0.2.1"), at: .zero))
        #expect(keeper.due == Instant(seconds: 86_400 - 3600))
        #expect(keeper.advance(to: Instant(seconds: 82_799), registry) == .nothing)
        store.isUnreachable = true
        guard case .failed = keeper.advance(to: Instant(seconds: 82_800), registry) else {
            Issue.record("a renewal that cannot reach the registry fails")
            return
        }
        #expect(keeper.due == Instant(seconds: 82_860))
        store.isUnreachable = false
        #expect(keeper.advance(to: Instant(seconds: 82_860), registry) == .renewed)
        #expect(keeper.lease.expiration == Instant(seconds: 82_860 + 86_400))
        #expect(try store.leases(at: Instant(seconds: 100_000)).leases.count == 1)
        #expect(keeper.advance(to: Instant(seconds: 200_000), registry) == .expired)
    }

    @Test func reservationsNeverEnd() throws {
        let store = Flannel.MemoryLeaseStore(configuration: #"{"Network":"10.3.0.0/16"}"#)
        let subnet = try #require(IPPrefix("10.3.77.0/24"))
        _ = try store.update(
            Flannel.Lease(subnet: subnet, attributes: try Self.attributes("192.0.2.9")), secondsToLive: 0, at: .zero)
        let registry = Self.registry(store)
        let lease = try registry.acquire(try Self.attributes("192.0.2.9"), at: Instant(seconds: 10))
        #expect(lease.subnet == subnet)
        #expect(lease.expiration == nil)
        #expect(Flannel.LeaseKeeper(lease).due == .distantFuture)
        #expect(try store.leases(at: Instant(seconds: 10_000_000)).leases.map(\.subnet) == [subnet])
    }

    @Test func previousSubnetIsTakenAgain() throws {
        let store = Flannel.MemoryLeaseStore(configuration: #"{"Network":"10.3.0.0/16"}"#)
        let subnet = try #require(IPPrefix("10.3.200.0/24"))
        let registry = Flannel.StoredSubnetRegistry(
            store, previous: (subnet, nil), chance: RandomStream(seed: 3, purpose: "flannel"))
        #expect(try registry.acquire(try Self.attributes("192.0.2.1"), at: .zero).subnet == subnet)
        let other = try #require(IPPrefix("10.4.200.0/24"))
        let stranger = Flannel.StoredSubnetRegistry(
            store, previous: (other, nil), chance: RandomStream(seed: 4, purpose: "flannel"))
        let lease = try stranger.acquire(try Self.attributes("192.0.2.2"), at: .zero)
        #expect(lease.subnet != other)
        #expect(IPPrefix("10.3.0.0/16").map { $0.contains(lease.subnet ?? other) } == true)
    }

    @Test func aWatcherThatFellBehindHearsOnlyDifferences() throws {
        let store = Flannel.MemoryLeaseStore(configuration: #"{"Network":"10.3.0.0/16"}"#, historyLimit: 2)
        let registry = Self.registry(store)
        _ = try registry.acquire(try Self.attributes("192.0.2.1"), at: .zero)
        func lease(_ number: Int) throws -> Flannel.Lease {
            Flannel.Lease(
                subnet: IPPrefix("10.3.\(100 + number).0/24"), attributes: try Self.attributes("192.0.2.\(100 + number)"))
        }
        for number in 0..<3 { _ = try store.update(try lease(number), secondsToLive: 60, at: .zero) }
        let known = try registry.events(at: .zero)
        #expect(known.map(\.kind) == [.added, .added, .added])
        for number in 3..<20 { _ = try store.update(try lease(number), secondsToLive: 600, at: .zero) }
        let news = try registry.events(at: Instant(seconds: 60))
        #expect(news.filter { $0.kind == .added }.count == 17)
        #expect(news.filter { $0.kind == .removed }.map(\.lease.subnet) == [0, 1, 2].map { IPPrefix("10.3.\(100 + $0).0/24") })
    }

    @Test func losingTheOwnLeaseIsTold() throws {
        let store = Flannel.MemoryLeaseStore(configuration: #"{"Network":"10.3.0.0/16"}"#)
        let registry = Self.registry(store)
        let lease = try registry.acquire(try Self.attributes("192.0.2.1"), at: .zero)
        _ = try registry.events(at: .zero)
        #expect(!registry.takeRevocation())
        try registry.release(lease, at: Instant(seconds: 1))
        #expect(try registry.events(at: Instant(seconds: 2)).isEmpty)
        #expect(registry.takeRevocation())
    }
}
