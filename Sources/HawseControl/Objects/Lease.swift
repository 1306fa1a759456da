extension Kubernetes {
    public struct Lease: KubernetesObject {
        public static let apiVersion = "coordination.k8s.io/v1"
        public static let kind = "Lease"
        public static let plural = "leases"

        public var metadata = ObjectMeta()
        public var spec = LeaseSpec()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }

        /// The gate of coordinated elections is off: the API server drops their fields.
        mutating func dropElection() { (spec.strategy, spec.preferredHolder) = (nil, nil) }
    }

    public struct LeaseSpec: FieldMap {
        public var holderIdentity: String?
        public var leaseDurationSeconds: Int?
        public var acquireTime: Time?
        public var renewTime: Time?
        public var leaseTransitions: Int?
        public var strategy: String?
        public var preferredHolder: String?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("acquireTime", &acquireTime)
            map("holderIdentity", &holderIdentity)
            map("leaseDurationSeconds", &leaseDurationSeconds)
            map("leaseTransitions", &leaseTransitions)
            map("preferredHolder", &preferredHolder)
            map("renewTime", &renewTime)
            map("strategy", &strategy)
        }
    }
}
