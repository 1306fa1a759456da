import HawseModel
import OrderedCollections

/// What the scheduler keeps between decisions: how full each node is, and its dice.
struct SchedulerState: Sendable {
    struct Usage: Sendable {
        /// In thousandths; wide, so that what is taken away again leaves just what there was.
        var requested: [String: Int128] = [:]
        var pods = 0
        var hostPorts: [HostPort: Int] = [:]
        /// CPU and memory, with something for containers that ask for nothing (`NonZeroRequested`).
        var assumed: [String: Int128] = [:]

        /// Counts a pod's needs in or out.
        mutating func count(_ needs: PodNeeds, sign: Int) {
            pods += sign
            for (name, amount) in needs.requests { requested[name, default: 0] += Int128(amount) * Int128(sign) }
            for (name, amount) in needs.assumed { assumed[name, default: 0] += Int128(amount) * Int128(sign) }
            for port in needs.hostPorts {
                let left = (hostPorts[port] ?? 0) + sign
                hostPorts[port] = left > 0 ? left : nil
            }
        }
    }

    struct HostPort: Hashable, Sendable {
        /// `0.0.0.0` is every address of the node.
        var ip: String
        var port: Int
        var `protocol`: String

        func conflicts(with other: HostPort) -> Bool {
            port == other.port && `protocol` == other.protocol
                && (ip == other.ip || ip == "0.0.0.0" || other.ip == "0.0.0.0")
        }
    }

    /// What a pod takes of its node.
    struct PodNeeds: Sendable {
        var requests: [String: Int64]
        var assumed: [String: Int64]
        var hostPorts: [HostPort]

        init(_ spec: Kubernetes.PodSpec) {
            requests = SchedulerState.requests(of: spec)
            assumed = SchedulerState.assumedRequests(of: spec, requests)
            hostPorts = SchedulerState.hostPorts(of: spec)
        }
    }

    private(set) var usage: [String: Usage] = [:]
    private var counted: [ObjectKey: Counted] = [:]
    /// Bound pods that keep others away (required anti-affinity): the only ones a new pod has to ask.
    private(set) var repelling: OrderedSet<ObjectKey> = []
    /// Bound pods that would have others near them, or would rather not: they score for a new pod.
    private(set) var wishing: OrderedSet<ObjectKey> = []
    /// Waiting pods by the node that they were promised.
    private(set) var nominated: [String: OrderedSet<ObjectKey>] = [:]
    private var nominations: [ObjectKey: String] = [:]
    var random: RandomStream
    /// Where the search for pods to evict begins, and which of equally good nodes it takes.
    var preemptionRandom: RandomStream
    /// Pods that no node would take.
    var waiting: OrderedSet<ObjectKey> = []

    private struct Counted: Sendable {
        var node: String
        var needs: PodNeeds
    }

    init(seed: UInt64) {
        random = RandomStream(seed: seed, purpose: "scheduler-ties")
        preemptionRandom = RandomStream(seed: seed, purpose: "scheduler-preemption")
    }

    /// Counts a bound pod once; a finished pod takes nothing any more. Whether there is more room now than before.
    @discardableResult
    mutating func count(_ pod: Kubernetes.Pod) -> Bool {
        guard !pod.spec.nodeName.isEmpty, !pod.isFinished else { return forget(pod.key) }
        guard counted[pod.key] == nil else { return false }
        let entry = Counted(node: pod.spec.nodeName, needs: PodNeeds(pod.spec))
        counted[pod.key] = entry
        if pod.spec.affinity?.podAntiAffinity?.required.isEmpty == false { repelling.append(pod.key) }
        if let affinity = pod.spec.affinity,
            affinity.podAffinity != nil || affinity.podAntiAffinity?.preferred.isEmpty == false
        {
            wishing.append(pod.key)
        }
        usage[entry.node, default: Usage()].count(entry.needs, sign: 1)
        return false
    }

    @discardableResult
    mutating func forget(_ key: ObjectKey) -> Bool {
        guard let entry = counted.removeValue(forKey: key) else { return false }
        repelling.remove(key)
        wishing.remove(key)
        usage[entry.node]?.count(entry.needs, sign: -1)
        return true
    }

    /// Notes for which node a waiting pod has had others evicted; an empty name takes it back.
    mutating func nominate(_ key: ObjectKey, _ node: String) {
        if let old = nominations[key], old != node {
            nominated[old]?.remove(key)
            nominations[key] = nil
        }
        guard !node.isEmpty, nominations[key] == nil else { return }
        nominations[key] = node
        nominated[node, default: []].append(key)
    }

    /// In thousandths: all containers and sidecars together, or what the start of an init container needs beside the
    /// sidecars before it, if that is more; what is asked for the pod as a whole instead of both; overhead
    /// (`resource.PodRequests`).
    static func requests(of spec: Kubernetes.PodSpec) -> [String: Int64] { amounts(of: spec, \.requests) }

    /// A container that says nothing of CPU or memory counts as 100 millicores and 200 MiB when nodes are scored; where the
    /// pod has resources as a whole, only what nobody asks for at all (`getNonMissingContainerRequests`).
    static func assumedRequests(of spec: Kubernetes.PodSpec, _ requests: [String: Int64]) -> [String: Int64] {
        var missing: [String: Int64] = ["cpu": 100, "memory": (200 << 20) * 1000]
        let own = spec.resources?.requests ?? [:]
        if !own.isEmpty { missing = missing.filter { requests[$0.key] == nil } }
        var result = spec.containerSum(\.requests, missing: missing)
        for (name, amount) in own { result[name] = amount.thousandths }
        result.merge(spec.overhead.mapValues(\.thousandths), uniquingKeysWith: Kubernetes.Quantity.sum)
        return result.filter { $0.key == "cpu" || $0.key == "memory" }
    }

    /// The same of limits (`resource.PodLimits`).
    static func limits(of spec: Kubernetes.PodSpec) -> [String: Int64] { amounts(of: spec, \.limits) }

    private static func amounts(
        of spec: Kubernetes.PodSpec, _ kind: KeyPath<Kubernetes.ResourceRequirements, [String: Kubernetes.Quantity]>
    ) -> [String: Int64] {
        var result = spec.containerSum(kind)
        for (name, amount) in spec.resources?[keyPath: kind] ?? [:] { result[name] = amount.thousandths }
        for (name, amount) in spec.overhead where kind == \.requests || result[name] != nil {
            result[name] = Kubernetes.Quantity.sum(result[name] ?? 0, amount.thousandths)
        }
        return result
    }

    static func hostPorts(of spec: Kubernetes.PodSpec) -> [HostPort] {
        let sidecars = spec.initContainers.filter { $0.restartPolicy == "Always" }
        return (spec.containers + sidecars).flatMap(\.ports).filter { $0.hostPort > 0 }.map {
            HostPort(ip: $0.hostIP.isEmpty ? "0.0.0.0" : $0.hostIP, port: $0.hostPort, protocol: $0.protocol.rawValue)
        }
    }
}
