import Foundation
import HawseControl
import HawseEtcd
import HawseModel
import HawseWire
import Testing

@Suite(
    .serialized,
    .enabled(if: EtcdServer.isInstalled, "etcd and etcdctl are not installed (Debian: etcd-server, etcd-client)"))
struct EtcdLeaseStoreTests {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func rows(_ kind: String) throws -> [ManifestNode] {
        let file = root.appending(path: "pcaps/k8s/tables/flannel.json")
        let table = try JSONReader.parse(String(decoding: Data(contentsOf: file), as: UTF8.self))
        return (table["rows"]?.items ?? []).filter { $0["kind"]?.text == kind }
    }

    static func attributes(_ address: String, mac: UInt64? = nil) throws -> Flannel.LeaseAttributes {
        Flannel.LeaseAttributes(
            publicIP: try #require(IPAddress(address)), backendType: mac == nil ? "" : "vxlan",
            backendData: mac.map { .vxlan(vni: 1, mac: MACAddress($0)) })
    }

    static func text(_ node: ManifestNode) -> String {
        let fields = (node.entries ?? []).map { entry in
            "\"\(entry.key)\":" + (entry.node.text.map { "\"\($0)\"" } ?? entry.node.int.map { "\($0)" } ?? "null")
        }
        return "{" + fields.joined(separator: ",") + "}"
    }

    static func registry(_ store: EtcdLeaseStore, seed: UInt64 = 1) -> Flannel.StoredSubnetRegistry {
        Flannel.StoredSubnetRegistry(store, chance: RandomStream(seed: seed, purpose: "flannel"))
    }

    @Test func configurationIsReturnedAsWritten() throws {
        let server = try EtcdServer()
        for row in try Self.rows("etcd") {
            let value = try #require(row["value"]?.text)
            try server.etcdctl(put: try #require(row["key"]?.text), value)
            let store = EtcdLeaseStore(server.client)
            #expect(try store.configurationText() == value)
            let configuration = try Self.registry(store).networkConfiguration()
            #expect(configuration.network?.description == row["expect"]?["config"]?["Network"]?.text)
            #expect(configuration.backend == .hostGateway)
        }
    }

    /// Two nodes take subnets, and etcdctl reads back what flanneld would have written.
    @Test func twoNodesAcquireRenewAndLose() throws {
        let server = try EtcdServer()
        let stores = [EtcdLeaseStore(server.client), EtcdLeaseStore(server.client)]
        try stores[0].setConfiguration(#"{"Network":"10.244.0.0/16","Backend":{"Type":"vxlan"}}"#)
        let registries = stores.enumerated().map { Self.registry($1, seed: UInt64($0)) }
        let own = [
            try Self.attributes("192.0.2.1", mac: 0xaabb_cc00_0001), try Self.attributes("192.0.2.2", mac: 0xaabb_cc00_0002),
        ]
        let first = try registries[0].acquire(own[0], at: .zero)
        #expect(try registries[0].events(at: .zero).isEmpty)
        #expect(first.expiration == Instant(seconds: 86_400))
        let second = try registries[1].acquire(own[1], at: .zero)
        #expect(first.subnet != second.subnet)
        let read = try server.etcdctl(get: "/coreos.com/network/")
        let keys = try [first, second].map { "/coreos.com/network/subnets/\(try #require($0.key))" }
        #expect(Set(read.keys) == Set(keys + ["/coreos.com/network/config"]))
        for (number, key) in keys.enumerated() {
            #expect(
                read[key]
                    == #"{"PublicIP":"192.0.2.\#(number + 1)","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"aa:bb:cc:00:00:0\#(number + 1)"}}"#
            )
        }
        // The watch of the first node hears of the second, and of its renewal, never of its own.
        _ = try registries[0].events(at: .zero)
        #expect(stores[0].waitForEvents(seconds: 10))
        #expect(try registries[0].events(at: .zero).map(\.lease.subnet) == [second.subnet])
        _ = try registries[0].renew(first, at: .zero)
        let renewed = try registries[1].renew(second, at: Instant(seconds: 100))
        #expect(renewed.expiration == Instant(seconds: 86_500))
        #expect(stores[0].waitForEvents(seconds: 10))
        #expect(try Self.until { try registries[0].events(at: .zero) }.map(\.kind) == [.added])
        try registries[1].release(second, at: .zero)
        // A deletion names only the key; what it held is remembered.
        let gone = try Self.until { try registries[0].events(at: .zero) }
        #expect(gone.map(\.kind) == [.removed])
        #expect(gone.map(\.lease.attributes) == [second.attributes])
        #expect(try server.etcdctl(get: "/coreos.com/network/subnets").keys.sorted() == [keys[0]])
    }

    /// Asks until there is an answer, at most ten seconds.
    static func until<Answer: Collection>(_ ask: () throws -> Answer) throws -> Answer {
        let deadline = Date().addingTimeInterval(10)
        while true {
            let answer = try ask()
            if !answer.isEmpty || Date() > deadline { return answer }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }

    @Test func leaseRows() throws {
        let server = try EtcdServer()
        for row in try Self.rows("lease") {
            let store = EtcdLeaseStore(server.client, prefix: "/test/\(row["id"]?.text ?? "")")
            try store.setConfiguration(Self.text(try #require(row["config"])))
            func create(_ node: ManifestNode) throws {
                let lease = Flannel.Lease(
                    subnet: try #require(node["subnet"]?.text.flatMap { IPPrefix($0) }),
                    attributes: try Self.attributes(try #require(node["PublicIP"]?.text)))
                let seconds = Int64(node["ttlSeconds"]?.int ?? 86_400)
                #expect(try store.create(lease, secondsToLive: seconds, at: .zero) != .exists)
                #expect(try store.create(lease, secondsToLive: seconds, at: .zero) == .exists)
            }
            for lease in row["leases"]?.items ?? [] { try create(lease) }
            let registry = Self.registry(store)
            let own = try Self.attributes(try #require(row["acquire"]?["PublicIP"]?.text))
            let first = try registry.acquire(own, at: .zero)
            if let new = row["newConfig"] { try store.setConfiguration(Self.text(new)) }
            let lease = row["acquire"]?["times"] != nil ? try registry.acquire(own, at: .zero) : first
            let expect = try #require(row["expect"])
            if expect["same"]?.flag == true { #expect(lease.subnet == first.subnet) }
            if let between = expect["between"]?.items?.compactMap({ $0.text.flatMap { IPAddress($0) } }) {
                let base = try #require(lease.subnet?.address)
                #expect(base >= between[0] && base <= between[1])
            }
            for taken in expect["notIn"]?.items ?? [] { #expect(lease.subnet?.description != taken.text) }
            guard let events = expect["events"]?.items else { continue }
            #expect(try registry.events(at: .zero).isEmpty)
            _ = try registry.events(at: .zero)
            try create(try #require(row["created"]))
            var told: [Flannel.LeaseEvent] = []
            while told.count < events.count {
                let news = try Self.until { try registry.events(at: .zero) }
                if news.isEmpty { break }
                told += news
            }
            #expect(told.map(\.kind.rawValue) == events.map { $0["type"]?.text }, "\(row["id"]?.text ?? "")")
            #expect(told.map { $0.lease.subnet?.description } == events.map { $0["subnet"]?.text })
        }
    }

    @Test func aKeyWithoutLeaseIsAReservation() throws {
        let server = try EtcdServer()
        let store = EtcdLeaseStore(server.client)
        try store.setConfiguration(#"{"Network":"10.5.0.0/16"}"#)
        try server.etcdctl(put: "/coreos.com/network/subnets/10.5.34.0-24", #"{"PublicIP":"192.0.2.9"}"#)
        try server.etcdctl(put: "/coreos.com/network/subnets/nonsense", "{}")
        let lease = try Self.registry(store).acquire(try Self.attributes("192.0.2.9"), at: Instant(seconds: 5))
        #expect(lease.subnet == IPPrefix("10.5.34.0/24"))
        #expect(lease.expiration == nil)
        #expect(try server.client.range("/coreos.com/network/subnets/10.5.34.0-24").items.first?.lease == 0)
    }

    @Test func dualStackKeys() throws {
        let server = try EtcdServer()
        let store = EtcdLeaseStore(server.client)
        try store.setConfiguration(
            #"{"Network":"10.5.0.0/16","EnableIPv6":true,"IPv6Network":"fd00:5::/48","Backend":{"Type":"host-gw"}}"#)
        var own = try Self.attributes("192.0.2.9")
        own.publicIPv6 = IPAddress("2001:db8::9")
        own.backendType = "host-gw"
        let lease = try Self.registry(store).acquire(own, at: .zero)
        let read = try server.etcdctl(get: "/coreos.com/network/subnets")
        let key = try #require(read.keys.first)
        #expect(key == "/coreos.com/network/subnets/\(try #require(lease.key))")
        #expect(key.contains("&fd00:5:0:"))
        #expect(read[key] == #"{"PublicIP":"192.0.2.9","PublicIPv6":"2001:db8::9","BackendType":"host-gw"}"#)
        #expect(try store.leases(at: .zero).leases.map(\.subnet) == [lease.subnet])
        #expect(try store.leases(at: .zero).leases.map(\.ipv6Subnet) == [lease.ipv6Subnet])
    }

    @Test func forgottenHistoryIsReadAnew() throws {
        let server = try EtcdServer()
        let store = EtcdLeaseStore(server.client)
        try store.setConfiguration(#"{"Network":"10.5.0.0/16"}"#)
        func put(_ number: Int) throws {
            let lease = Flannel.Lease(
                subnet: IPPrefix("10.5.\(number).0/24"), attributes: try Self.attributes("192.0.2.\(number)"))
            _ = try store.update(lease, secondsToLive: 600, at: .zero)
        }
        try put(1)
        let (_, revision) = try store.leases(at: .zero)
        for number in 2...5 { try put(number) }
        try server.client.compact(before: try store.leases(at: .zero).revision)
        let deadline = Date().addingTimeInterval(10)
        var isForgotten = false
        while !isForgotten, Date() < deadline {
            isForgotten = try store.events(after: revision, at: .zero) == nil
            if !isForgotten { Thread.sleep(forTimeInterval: 0.02) }
        }
        #expect(isForgotten)
        #expect(try store.leases(at: .zero).leases.count == 5)
    }

    @Test func aServerThatIsGoneIsUnreachable() throws {
        let server = try EtcdServer()
        let store = EtcdLeaseStore(server.client)
        try store.setConfiguration(#"{"Network":"10.5.0.0/16"}"#)
        server.stop()
        let error = #expect(throws: Flannel.RegistryError.self) { try store.configurationText() }
        guard case .unreachable? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
