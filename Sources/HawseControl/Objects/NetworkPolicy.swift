extension Kubernetes {
    public struct NetworkPolicy: KubernetesObject {
        public static let apiVersion = "networking.k8s.io/v1"
        public static let kind = "NetworkPolicy"
        public static let plural = "networkpolicies"
        public static let shortNames = ["netpol"]

        public var metadata = ObjectMeta()
        public var spec = NetworkPolicySpec()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }
    }

    public struct NetworkPolicySpec: FieldMap {
        public var podSelector = LabelSelector()
        public var ingress: [NetworkPolicyRule] = []
        public var egress: [NetworkPolicyRule] = []
        public var policyTypes: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("egress", &egress)
            map("ingress", &ingress)
            map("podSelector", &podSelector)
            map("policyTypes", &policyTypes)
        }
    }

    /// An ingress rule has `from`, an egress rule `to`.
    public struct NetworkPolicyRule: FieldMap {
        public var ports: [NetworkPolicyPort] = []
        public var from: [NetworkPolicyPeer] = []
        public var to: [NetworkPolicyPeer] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("from", &from)
            map("ports", &ports)
            map("to", &to)
        }
    }

    public struct NetworkPolicyPort: FieldMap {
        public var `protocol`: TransportProtocol?
        public var port: IntOrString?
        public var endPort: Int?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("endPort", &endPort)
            map("port", &port)
            map("protocol", &`protocol`)
        }
    }

    public struct NetworkPolicyPeer: FieldMap {
        public var podSelector: LabelSelector?
        public var namespaceSelector: LabelSelector?
        public var ipBlock: IPBlock?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("ipBlock", &ipBlock)
            map("namespaceSelector", &namespaceSelector)
            map("podSelector", &podSelector)
        }
    }

    public struct IPBlock: FieldMap {
        public var cidr = ""
        public var except: [String] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map.always("cidr", &cidr)
            map("except", &except)
        }
    }
}
