import HawseModel
import OrderedCollections

/// What the scheduler keeps between decisions: how full each node is, and its dice.
struct SchedulerState: Sendable {
    struct Usage: Sendable {
        var requested: [String: Int64] = [:]
        var pods = 0
        var hostPorts: [HostPort: Int] = [:]
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

    private(set) var usage: [String: Usage] = [:]
    private var counted: [ObjectKey: Counted] = [:]
    /// Bound pods that keep others away (required anti-affinity): the only ones a new pod has to ask.
    private(set) var repelling: OrderedSet<ObjectKey> = []
    /// Bound pods that would have others near them, or would rather not: they score for a new pod.
    private(set) var wishing: OrderedSet<ObjectKey> = []
    var random: RandomStream
    /// Pods that no node would take.
    var waiting: OrderedSet<ObjectKey> = []

    private struct Counted: Sendable {
        var node: String
        var requests: [String: Int64]
        var hostPorts: [HostPort]
    }

    init(seed: UInt64) { random = RandomStream(seed: seed, purpose: "scheduler-ties") }

    /// Counts a bound pod once; a finished pod takes nothing any more.
    mutating func count(_ pod: Kubernetes.Pod) {
        guard !pod.spec.nodeName.isEmpty, !pod.isFinished else {
            forget(pod.key)
            return
        }
        guard counted[pod.key] == nil else { return }
        let entry = Counted(
            node: pod.spec.nodeName, requests: Self.requests(of: pod.spec), hostPorts: Self.hostPorts(of: pod.spec))
        counted[pod.key] = entry
        if pod.spec.affinity?.podAntiAffinity?.required.isEmpty == false { repelling.append(pod.key) }
        if let affinity = pod.spec.affinity,
            affinity.podAffinity != nil || affinity.podAntiAffinity?.preferred.isEmpty == false
        {
            wishing.append(pod.key)
        }
        usage[entry.node, default: Usage()].pods += 1
        for (name, amount) in entry.requests { usage[entry.node]?.requested[name, default: 0] += amount }
        for port in entry.hostPorts { usage[entry.node]?.hostPorts[port, default: 0] += 1 }
    }

    mutating func forget(_ key: ObjectKey) {
        guard let entry = counted.removeValue(forKey: key) else { return }
        repelling.remove(key)
        wishing.remove(key)
        usage[entry.node]?.pods -= 1
        for (name, amount) in entry.requests { usage[entry.node]?.requested[name, default: 0] -= amount }
        for port in entry.hostPorts {
            let left = (usage[entry.node]?.hostPorts[port] ?? 1) - 1
            usage[entry.node]?.hostPorts[port] = left > 0 ? left : nil
        }
    }

    /// In thousandths: all containers and sidecars together, or what the start of an init container needs beside the
    /// sidecars before it, if that is more; what is asked for the pod as a whole instead of both; overhead
    /// (`resource.PodRequests`).
    static func requests(of spec: Kubernetes.PodSpec) -> [String: Int64] { amounts(of: spec, \.requests) }

    /// The same of limits (`resource.PodLimits`).
    static func limits(of spec: Kubernetes.PodSpec) -> [String: Int64] { amounts(of: spec, \.limits) }

    private static func amounts(
        of spec: Kubernetes.PodSpec, _ kind: KeyPath<Kubernetes.ResourceRequirements, [String: Kubernetes.Quantity]>
    ) -> [String: Int64] {
        var result = spec.containerSum(kind)
        for (name, amount) in spec.resources?[keyPath: kind] ?? [:] { result[name] = amount.thousandths }
        for (name, amount) in spec.overhead where kind == \.requests || result[name] != nil {
            result[name, default: 0] += amount.thousandths
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
