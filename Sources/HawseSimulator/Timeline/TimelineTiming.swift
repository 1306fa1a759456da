import HawseControl
import HawseModel

/// How long things take on their way through a cluster.
public struct TimelineTiming: Hashable, Sendable {
    /// Nanoseconds from a change of a Service or an EndpointSlice until a node's proxy has heard of it: the endpoint
    /// controller and the watch.
    public var endpoints: Int64 = .milliseconds(100)
    /// At most so much more, drawn for each node and change.
    public var jitter: Int64 = 0
    /// Nanoseconds from the beginning of a proxy's sync until the kernel has the new rules.
    public var sync: Int64 = 0
    /// Nanoseconds from a pod's end until its network is gone; meanwhile its kernel answers with resets.
    public var teardown: Int64 = .milliseconds(200)
    /// Seconds from binding to the first container's start, and from SIGTERM to the exit, where a pod's annotations
    /// (`hawse/start-seconds`, `hawse/stop-seconds`) do not say.
    public var podStart = 0.0
    public var podStop = 0.0

    public init() {}
}

extension ProxyConfiguration {
    /// Nanoseconds between two syncs of a mode at least (`minSyncPeriod`): a second, but none for IPVS.
    public func minimumSyncPeriod(_ mode: ProxyMode) -> Int64 {
        let (value, usual): (ManifestNode?, Double) =
            switch mode {
            case .iptables, .userspace: (iptables.minSyncPeriod, 1)
            case .ipvs: (ipvs.minSyncPeriod, 0)
            case .nftables: (nftables.minSyncPeriod, 1)
            }
        return Self.nanoseconds(value, usual: usual)
    }

    /// Nanoseconds after which a proxy syncs though nothing has changed (`syncPeriod`). In iptables and nftables mode
    /// that is an hour, whatever the configuration says; the period is only one of housekeeping there.
    public func longestSyncPeriod(_ mode: ProxyMode) -> Int64 {
        switch mode {
        case .iptables, .nftables: .seconds(3600)
        case .ipvs: Self.nanoseconds(ipvs.syncPeriod, usual: 30)
        case .userspace: Self.nanoseconds(iptables.syncPeriod, usual: 30)
        }
    }

    private static func nanoseconds(_ value: ManifestNode?, usual: Double) -> Int64 {
        guard let value, !value.isNull else { return Int64(usual * 1e9) }
        let seconds = value.text.flatMap { Scenario.seconds($0) } ?? value.int.map(Double.init) ?? usual
        // Zero counts as not given.
        guard seconds > 0, seconds < 1e9 else { return Int64(usual * 1e9) }
        return Int64(seconds * 1e9)
    }
}
