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
        var port: Int
        var `protocol`: String
    }

    private(set) var usage: [String: Usage] = [:]
    private var counted: [ObjectKey: Counted] = [:]
    /// Bound pods that keep others away (required anti-affinity): the only ones a new pod has to ask.
    private(set) var repelling: OrderedSet<ObjectKey> = []
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
        usage[entry.node, default: Usage()].pods += 1
        for (name, amount) in entry.requests { usage[entry.node]?.requested[name, default: 0] += amount }
        for port in entry.hostPorts { usage[entry.node]?.hostPorts[port, default: 0] += 1 }
    }

    mutating func forget(_ key: ObjectKey) {
        guard let entry = counted.removeValue(forKey: key) else { return }
        repelling.remove(key)
        usage[entry.node]?.pods -= 1
        for (name, amount) in entry.requests { usage[entry.node]?.requested[name, default: 0] -= amount }
        for port in entry.hostPorts {
            let left = (usage[entry.node]?.hostPorts[port] ?? 1) - 1
            usage[entry.node]?.hostPorts[port] = left > 0 ? left : nil
        }
    }

    /// In thousandths: all containers together, or the largest init container if that is more, plus sidecars
    /// and overhead (`resource.PodRequests`).
    static func requests(of spec: Kubernetes.PodSpec) -> [String: Int64] { amounts(of: spec, \.requests) }

    /// The same of limits (`resource.PodLimits`).
    static func limits(of spec: Kubernetes.PodSpec) -> [String: Int64] { amounts(of: spec, \.limits) }

    private static func amounts(
        of spec: Kubernetes.PodSpec, _ kind: KeyPath<Kubernetes.ResourceRequirements, [String: Kubernetes.Quantity]>
    ) -> [String: Int64] {
        func sum(_ containers: [Kubernetes.Container]) -> [String: Int64] {
            containers.reduce(into: [:]) { total, container in
                for (name, amount) in container.resources[keyPath: kind] { total[name, default: 0] += amount.thousandths }
            }
        }
        let sidecars = spec.initContainers.filter { $0.restartPolicy == "Always" }
        let running = sum(spec.containers + sidecars)
        var result = running
        for container in spec.initContainers where container.restartPolicy != "Always" {
            for (name, amount) in container.resources[keyPath: kind] {
                result[name] = max(result[name] ?? 0, amount.thousandths)
            }
        }
        for (name, amount) in spec.overhead where kind == \.requests || result[name] != nil { result[name, default: 0] += amount.thousandths }
        return result
    }

    static func hostPorts(of spec: Kubernetes.PodSpec) -> [HostPort] {
        spec.containers.flatMap(\.ports).filter { $0.hostPort > 0 }
            .map { HostPort(port: $0.hostPort, protocol: $0.protocol.rawValue) }
    }
}
