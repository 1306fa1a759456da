extension Kubernetes {
    /// Every kind with a type, in the order in which `kubectl get all` and our listings show them.
    public static let kinds: [any KubernetesObject.Type] = [
        Namespace.self, Node.self, Pod.self, Service.self, Endpoints.self, EndpointSlice.self, Deployment.self,
        ReplicaSet.self, ReplicationController.self, StatefulSet.self, DaemonSet.self, Job.self, CronJob.self,
        HorizontalPodAutoscaler.self, Ingress.self, IngressClass.self, Secret.self, ConfigMap.self,
        NetworkPolicy.self, ServiceCIDR.self, IPAddress.self, Lease.self, PriorityClass.self, PodDisruptionBudget.self,
    ]

    /// The type of a kind. The group has to be the kind's own, or a retired group that once held it;
    /// any version of it will do.
    public static func type(apiVersion: String, kind: String) -> (any KubernetesObject.Type)? {
        guard let type = kindsByName[kind] else { return nil }
        let group = apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
        if group == type.group || group == "extensions" && type.group != "" { return type }
        return nil
    }

    static func type(kind: String) -> (any KubernetesObject.Type)? { kindsByName[kind] }

    private static let kindsByName: [String: any KubernetesObject.Type] = Dictionary(
        uniqueKeysWithValues: kinds.map { ($0.kind, $0) })

    /// The type behind a word of the command line: `pods`, `po`, `Pod`, `endpointslices.discovery.k8s.io`.
    public static func type(resource word: String) -> (any KubernetesObject.Type)? {
        let name = word.lowercased().prefix { $0 != "." }
        return kinds.first {
            $0.plural == name || $0.kind.lowercased() == name || $0.shortNames.contains(String(name))
        }
    }
}
