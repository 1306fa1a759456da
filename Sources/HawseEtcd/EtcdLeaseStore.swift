import Foundation
import HawseControl
import HawseModel

/// Flannel's leases in an etcd: the keys and values that flanneld itself writes and reads.
///
/// `/coreos.com/network/config` holds the configuration, `/coreos.com/network/subnets/10.244.1.0-24` a subnet's holder.
/// The server keeps real time; `now` only dates what it answers.
public final class EtcdLeaseStore: Flannel.LeaseStore {
    public static let usualPrefix = "/coreos.com/network"

    private let client: EtcdClient
    private let prefix: String
    private var watch: EtcdWatch?
    private var watchedRevision: Int64 = 0

    public init(_ client: EtcdClient, prefix: String = EtcdLeaseStore.usualPrefix) {
        self.client = client
        self.prefix = prefix.hasSuffix("/") ? String(prefix.dropLast()) : prefix
    }

    deinit { watch?.stop() }

    private var subnets: String { prefix + "/subnets" }
    private func path(_ key: Flannel.SubnetKey) -> String { "\(subnets)/\(key)" }

    private func ask<Answer>(_ body: () throws(EtcdError) -> Answer) throws(Flannel.RegistryError) -> Answer {
        do throws(EtcdError) { return try body() } catch { throw .unreachable(error.description) }
    }

    public func setConfiguration(_ text: String) throws(Flannel.RegistryError) {
        try ask { () throws(EtcdError) in try client.put(prefix + "/config", text) }
    }

    public func configurationText() throws(Flannel.RegistryError) -> String? {
        try ask { () throws(EtcdError) in try client.range(prefix + "/config").items.first?.value }
    }

    /// Keys that are no subnets and values that are no leases are passed over, as flanneld passes them over.
    public func leases(at now: Instant) throws(Flannel.RegistryError) -> (leases: [Flannel.Lease], revision: Int64) {
        let answer = try ask { () throws(EtcdError) in try client.range(subnets, isPrefix: true) }
        var leases: [Flannel.Lease] = []
        for item in answer.items {
            if let lease = try lease(item.key, item.value, item.lease, now) { leases.append(lease) }
        }
        return (leases, answer.revision)
    }

    private func lease(_ key: String, _ value: String, _ number: Int64, _ now: Instant) throws(Flannel.RegistryError)
        -> Flannel.Lease?
    {
        guard let subnet = Flannel.SubnetKey(key),
            let attributes = try? Flannel.LeaseAttributes.read(value, file: key)
        else { return nil }
        var lease = Flannel.Lease(subnet: subnet.subnet, ipv6Subnet: subnet.ipv6Subnet, attributes: attributes)
        if number != 0 {
            let left = try ask { () throws(EtcdError) in try client.secondsLeft(number) }
            lease.expiration = now + .seconds(left ?? 0)
        }
        return lease
    }

    public func create(_ lease: Flannel.Lease, secondsToLive: Int64, at now: Instant) throws(Flannel.RegistryError)
        -> Flannel.Created
    {
        guard let key = lease.key else { throw .unsupported("a lease without an IPv4 subnet has no key in etcd") }
        return try ask { () throws(EtcdError) in
            let granted = secondsToLive > 0 ? try client.grant(seconds: secondsToLive) : (id: 0, seconds: 0)
            var isCreated = false
            do throws(EtcdError) {
                isCreated = try client.create(path(key), lease.attributes.text, lease: granted.id)
            } catch {
                if granted.id != 0 { try? client.revoke(granted.id) }
                throw error
            }
            guard isCreated else {
                if granted.id != 0 { try client.revoke(granted.id) }
                return .exists
            }
            return .created(expiration: granted.id == 0 ? nil : now + .seconds(granted.seconds))
        }
    }

    public func update(_ lease: Flannel.Lease, secondsToLive: Int64, at now: Instant) throws(Flannel.RegistryError)
        -> Instant?
    {
        guard let key = lease.key else { throw .unsupported("a lease without an IPv4 subnet has no key in etcd") }
        return try ask { () throws(EtcdError) in
            guard secondsToLive > 0 else {
                try client.put(path(key), lease.attributes.text)
                return nil
            }
            let granted = try client.grant(seconds: secondsToLive)
            do throws(EtcdError) {
                try client.put(path(key), lease.attributes.text, lease: granted.id)
            } catch {
                try? client.revoke(granted.id)
                throw error
            }
            return now + .seconds(granted.seconds)
        }
    }

    public func delete(_ key: Flannel.SubnetKey, at now: Instant) throws(Flannel.RegistryError) {
        try ask { () throws(EtcdError) in try client.delete(path(key)) }
    }

    /// Takes what the watch has heard; opens it first where that has not been done.
    public func events(after revision: Int64, at now: Instant) throws(Flannel.RegistryError) -> Flannel.StoreEvents? {
        if watch == nil || watchedRevision != revision {
            watch?.stop()
            watch = client.watch(prefix: subnets, from: revision + 1)
            watchedRevision = revision
        }
        guard let news = watch?.take() else {
            watch?.stop()
            watch = nil
            return nil
        }
        var events: [Flannel.LeaseEvent] = []
        for change in news.changes {
            guard let key = Flannel.SubnetKey(change.key) else { continue }
            if let value = change.value {
                if let lease = try lease(change.key, value, change.lease, now) { events.append(.init(.added, lease)) }
            } else {
                let gone = Flannel.Lease(
                    subnet: key.subnet, ipv6Subnet: key.ipv6Subnet, attributes: .init(publicIP: nil))
                events.append(.init(.removed, gone))
            }
        }
        watchedRevision = max(revision, news.revision)
        return Flannel.StoreEvents(events: events, revision: watchedRevision)
    }

    /// Waits until the watch has heard something, at most so many seconds; whether it has.
    public func waitForEvents(seconds: Double) -> Bool { watch?.wait(seconds: seconds) ?? false }
}
