import HawseControl
import HawseDataplane
import HawseModel
import HawseWire

/// The kube-proxy of one node while time passes: it hears of changes late, and syncs no more often than it may.
final class NodeProxy {
    /// One change, with the object as it was then; `nil`: it is gone.
    enum Change {
        case service(ObjectKey, Kubernetes.Service?)
        case slice(ObjectKey, Kubernetes.EndpointSlice?, owner: ObjectKey?)
        /// Of the proxy's own node.
        case labels([String: String])
    }

    let index: Int
    private(set) var proxy: KubeProxy
    private let cluster: Cluster
    private let timing: TimelineTiming
    private let minimum: Int64
    private let longest: Int64
    private let cleansConntrack: Bool
    private var program: ProxyProgram?
    private var chance: RandomStream
    /// Watches keep their order.
    private var lastHeard = Instant.zero
    private var lastSync = Instant(nanoseconds: .min / 2)
    private var lastFullSync = Instant(nanoseconds: .min / 2)
    /// The zone that the latest change on its way names.
    private(set) var zone: String?
    private var isSyncDue = false
    private var nextLook = Instant.zero
    /// Changes that wait for the machine to be on again.
    private var backlog: [Change] = []
    /// Called after each sync that changed something: the time, and how many stale UDP flows went.
    var onSync: ((Instant, Int) -> Void)?
    var onFailure: ((DataplaneError) -> Void)?
    var relay: UserspaceRelay?

    init(
        _ proxy: KubeProxy, node index: Int, cluster: Cluster, timing: TimelineTiming, cleansConntrack: Bool, seed: UInt64
    ) {
        self.proxy = proxy
        self.index = index
        self.cluster = cluster
        self.timing = timing
        self.cleansConntrack = cleansConntrack
        zone = proxy.node.zone
        minimum = proxy.configuration.minimumSyncPeriod(proxy.mode)
        longest = proxy.configuration.longestSyncPeriod(proxy.mode)
        chance = RandomStream(seed: seed &+ UInt64(index), purpose: "watch delays")
    }

    /// The proxy has just started and synced.
    func begin() {
        lastSync = cluster.now
        lastFullSync = cluster.now
        if let relay { relay.update(proxy.state().userspace) }
        if proxy.mode == .ipvs { lookAtDraining() }
        syncAgain()
    }

    /// The watch of this node delivers a change after its delay.
    func hear(_ change: Change) {
        let extra = timing.jitter > 0 ? Int64(chance.below(UInt32(clamping: timing.jitter / 1000))) * 1000 : 0
        let due = max(cluster.now + timing.endpoints + extra, lastHeard)
        lastHeard = due
        if case .labels(let labels) = change { zone = labels[ProxyNode.zoneLabel] }
        cluster.schedule(at: due) { [weak self] in
            guard let self else { return }
            if cluster.nodes[index].isGone {
                backlog.append(change)
            } else {
                take(change)
                requestSync()
            }
        }
    }

    private func take(_ change: Change) {
        switch change {
        case .service(let key, let service):
            if let service { proxy.apply(service) } else { proxy.deleteService(key) }
        case .labels(let labels): proxy.apply(labels: labels)
        case .slice(let key, let slice, let owner):
            if let slice { proxy.apply(slice) } else if let owner { proxy.deleteSlice(key.name, of: owner) }
        }
    }

    /// `BoundedFrequencyRunner.Run`: now, or as soon as the last sync is long enough ago.
    private func requestSync() {
        guard !isSyncDue else { return }
        isSyncDue = true
        cluster.schedule(at: max(cluster.now, lastSync + minimum)) { [weak self] in self?.sync() }
    }

    private func sync() {
        isSyncDue = false
        guard !cluster.nodes[index].isGone else { return }
        lastSync = cluster.now
        if cluster.now - lastFullSync >= .seconds(3600) {
            lastFullSync = cluster.now
            proxy.requestFullSync()
        }
        let patch = proxy.sync()
        if timing.sync > 0 {
            let synced = proxy
            cluster.schedule(at: cluster.now + timing.sync) { [weak self] in self?.commit(patch, synced) }
        } else {
            commit(patch, proxy)
        }
        syncAgain()
    }

    private func commit(_ patch: ProxyPatch, _ proxy: KubeProxy) {
        var program = program ?? ProxyProgram(cluster.nodes[index].dataplane)
        do throws(DataplaneError) { try program.carryOut(patch, proxy) } catch { onFailure?(error) }
        let flows = cleansConntrack ? program.removeStaleFlows(proxy) : 0
        self.program = program
        if let relay { relay.update(proxy.state().userspace) }
        if !patch.isEmpty || flows > 0 { onSync?(cluster.now, flows) }
    }

    /// The sync that comes though nothing has changed.
    private func syncAgain() {
        let due = lastSync + longest
        cluster.schedule(at: due) { [weak self] in
            guard let self, lastSync + longest == due else { return }
            requestSync()
        }
    }

    private func lookAtDraining() {
        cluster.schedule(at: cluster.now + .seconds(60)) { [weak self] in
            guard let self else { return }
            if !cluster.nodes[index].isGone, var current = program {
                do throws(DataplaneError) { try current.releaseDrained() } catch { onFailure?(error) }
                program = current
            }
            lookAtDraining()
        }
    }

    /// The machine is back: its connections are forgotten, and the proxy catches up.
    func restart() {
        cluster.nodes[index].dataplane.flushConnections()
        for change in backlog { take(change) }
        backlog = []
        requestSync()
    }
}
