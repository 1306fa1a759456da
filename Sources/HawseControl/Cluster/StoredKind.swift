/// A kind that the store has a shelf for.
public protocol StoredKind: KubernetesObject {
    static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { get }
    /// Fills in what the API server fills in.
    mutating func applyDefaults()
}

extension StoredKind {
    public mutating func applyDefaults() {}
}

extension Kubernetes.Namespace: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.namespaces }
}
extension Kubernetes.Node: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.nodes }
}
extension Kubernetes.Pod: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.pods }
    public mutating func applyDefaults() { PodDefaults.apply(pod: &self) }
}
extension Kubernetes.Service: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.services }
    public mutating func applyDefaults() { ServiceDefaults.apply(&self) }
}
extension Kubernetes.Endpoints: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.endpoints }
    public mutating func applyDefaults() { NetworkDefaults.apply(&self) }
}
extension Kubernetes.EndpointSlice: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.endpointSlices }
    public mutating func applyDefaults() { NetworkDefaults.apply(&self) }
}
extension Kubernetes.Deployment: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.deployments }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.ReplicaSet: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.replicaSets }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.ReplicationController: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.replicationControllers }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.StatefulSet: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.statefulSets }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.DaemonSet: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.daemonSets }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.Job: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.jobs }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&spec) }
}
extension Kubernetes.CronJob: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.cronJobs }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.HorizontalPodAutoscaler: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.autoscalers }
    public mutating func applyDefaults() { WorkloadDefaults.apply(&self) }
}
extension Kubernetes.Ingress: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.ingresses }
}
extension Kubernetes.IngressClass: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.ingressClasses }
    public mutating func applyDefaults() { NetworkDefaults.apply(&self) }
}
extension Kubernetes.Secret: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.secrets }
}
extension Kubernetes.ConfigMap: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.configMaps }
}
extension Kubernetes.NetworkPolicy: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.networkPolicies }
    public mutating func applyDefaults() { NetworkDefaults.apply(&self) }
}
extension Kubernetes.ServiceCIDR: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.serviceCIDRs }
}
extension Kubernetes.IPAddress: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.ipAddresses }
}
extension Kubernetes.Lease: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.leases }
}
extension Kubernetes.PriorityClass: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.priorityClasses }
    public mutating func applyDefaults() {
        if preemptionPolicy == nil { preemptionPolicy = "PreemptLowerPriority" }
    }
}
extension Kubernetes.PodDisruptionBudget: StoredKind {
    public static var shelf: WritableKeyPath<ClusterStore, Shelf<Self>> { \.disruptionBudgets }
}
