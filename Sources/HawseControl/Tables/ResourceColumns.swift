/// A kind's columns in `kubectl get`; those after `narrow` show with `-o wide` only.
struct ResourceColumns {
    var names: [String]
    var narrow: Int
    /// The cells of one object, in the order of `names`.
    var cells: (any KubernetesObject, ClusterState) -> [String]

    static func columns(of type: any KubernetesObject.Type) -> ResourceColumns {
        switch type {
        case is Kubernetes.Pod.Type: make(Kubernetes.Pod.self, podNames, 5, PodRow.cells)
        case is Kubernetes.Service.Type:
            make(Kubernetes.Service.self, ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE", "SELECTOR"], 6, ServiceRow.cells)
        case is Kubernetes.Node.Type: make(Kubernetes.Node.self, nodeNames, 5, NodeRow.cells)
        case is Kubernetes.Endpoints.Type:
            make(Kubernetes.Endpoints.self, ["NAME", "ENDPOINTS", "AGE"], 3, EndpointRow.cells)
        case is Kubernetes.EndpointSlice.Type:
            make(Kubernetes.EndpointSlice.self, ["NAME", "ADDRESSTYPE", "PORTS", "ENDPOINTS", "AGE"], 5, EndpointRow.cells)
        case is Kubernetes.Ingress.Type:
            make(Kubernetes.Ingress.self, ["NAME", "CLASS", "HOSTS", "ADDRESS", "PORTS", "AGE"], 6, NetworkRow.cells)
        case is Kubernetes.IngressClass.Type:
            make(Kubernetes.IngressClass.self, ["NAME", "CONTROLLER", "PARAMETERS", "AGE"], 4, NetworkRow.cells)
        case is Kubernetes.NetworkPolicy.Type:
            make(Kubernetes.NetworkPolicy.self, ["NAME", "POD-SELECTOR", "AGE"], 3, NetworkRow.cells)
        case is Kubernetes.ServiceCIDR.Type: make(Kubernetes.ServiceCIDR.self, ["NAME", "CIDRS", "AGE"], 3, NetworkRow.cells)
        case is Kubernetes.IPAddress.Type: make(Kubernetes.IPAddress.self, ["NAME", "PARENTREF", "AGE"], 3, NetworkRow.cells)
        case is Kubernetes.Namespace.Type:
            make(Kubernetes.Namespace.self, ["NAME", "STATUS", "AGE"], 3) { [$0.metadata.name, $0.status.phase, age($0, $1)] }
        case is Kubernetes.Secret.Type:
            make(Kubernetes.Secret.self, ["NAME", "TYPE", "DATA", "AGE"], 4) {
                [$0.metadata.name, $0.type, String($0.data.count + $0.stringData.count), age($0, $1)]
            }
        case is Kubernetes.ConfigMap.Type:
            make(Kubernetes.ConfigMap.self, ["NAME", "DATA", "AGE"], 3) {
                [$0.metadata.name, String($0.data.count + $0.binaryData.count), age($0, $1)]
            }
        case is Kubernetes.PriorityClass.Type:
            make(Kubernetes.PriorityClass.self, ["NAME", "VALUE", "GLOBAL-DEFAULT", "AGE", "PREEMPTIONPOLICY"], 5) {
                [
                    $0.metadata.name, String($0.value), String($0.globalDefault), age($0, $1),
                    $0.preemptionPolicy ?? "PreemptLowerPriority",
                ]
            }
        case is Kubernetes.PodDisruptionBudget.Type:
            make(
                Kubernetes.PodDisruptionBudget.self,
                ["NAME", "MIN AVAILABLE", "MAX UNAVAILABLE", "ALLOWED DISRUPTIONS", "AGE"], 5
            ) {
                [
                    $0.metadata.name, $0.spec.minAvailable?.description ?? "N/A", $0.spec.maxUnavailable?.description ?? "N/A",
                    String($0.status.disruptionsAllowed), age($0, $1),
                ]
            }
        case is Kubernetes.Lease.Type:
            make(Kubernetes.Lease.self, ["NAME", "HOLDER", "AGE"], 3) {
                [$0.metadata.name, $0.spec.holderIdentity ?? "", age($0, $1)]
            }
        default: WorkloadRow.columns(of: type)
        }
    }

    private static let podNames = [
        "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES",
    ]
    private static let nodeNames = [
        "NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION",
        "CONTAINER-RUNTIME",
    ]

    static func make<T: KubernetesObject>(
        _ type: T.Type, _ names: [String], _ narrow: Int, _ cells: @escaping (T, ClusterState) -> [String]
    ) -> ResourceColumns {
        ResourceColumns(names: names, narrow: narrow) { object, state in (object as? T).map { cells($0, state) } ?? [] }
    }

    /// A load balancer's addresses, sorted. The server makes every table for a wide listing, so none are cut short.
    static func addresses(_ status: Kubernetes.LoadBalancerStatus) -> String {
        let all = Set(status.ingress.map { $0.ip.isEmpty ? $0.hostname : $0.ip }.filter { !$0.isEmpty })
        return all.sorted().joined(separator: ",")
    }

    static func age(_ object: some KubernetesObject, _ state: ClusterState) -> String {
        HumanDuration.age(of: object.metadata.creationTimestamp, at: state.now)
    }

    /// `a=b,c=d`, or kubectl's word for nothing.
    static func labels(_ labels: [String: String], none: String = "<none>") -> String {
        labels.isEmpty ? none : labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    static func selector(_ selector: Kubernetes.LabelSelector?) -> String {
        guard let selector, !selector.isEmpty else { return "<none>" }
        let expressions = selector.matchExpressions.map { requirement -> (key: String, text: String) in
            let (key, values) = (requirement.key, requirement.values.sorted().joined(separator: ","))
            switch requirement.op {
            case "Exists": return (key, key)
            case "DoesNotExist": return (key, "!\(key)")
            default: return (key, "\(key) \(requirement.op.lowercased()) (\(values))")
            }
        }
        let plain = selector.matchLabels.map { (key: $0.key, text: "\($0.key)=\($0.value)") }
        return (plain + expressions).sorted { $0.key < $1.key }.map(\.text).joined(separator: ",")
    }
}
