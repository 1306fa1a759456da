import HawseModel

extension Kubernetes {
    public struct Node: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Node"
        public static let plural = "nodes"
        public static let shortNames = ["no"]
        public static let isNamespaced = false

        public var metadata = ObjectMeta()
        public var spec = NodeSpec()
        public var status = NodeStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }

        public var zone: String? { metadata.labels["topology.kubernetes.io/zone"] }
        public var region: String? { metadata.labels["topology.kubernetes.io/region"] }
        /// The addresses of type InternalIP, as text.
        public var internalIPs: [String] { status.addresses.filter { $0.type == "InternalIP" }.map(\.address) }
    }

    public struct NodeSpec: FieldMap {
        public var podCIDR = ""
        public var podCIDRs: [String] = []
        public var providerID = ""
        public var unschedulable = false
        public var taints: [Taint] = []
        public var externalID = ""
        public var configSource: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("configSource", &configSource)
            map("externalID", &externalID)
            map("podCIDR", &podCIDR)
            map("podCIDRs", &podCIDRs)
            map("providerID", &providerID)
            map("taints", &taints)
            map("unschedulable", &unschedulable)
        }
    }

    public struct Taint: FieldMap {
        public var key = ""
        public var value = ""
        /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
        public var effect = ""
        public var timeAdded: Time?

        public init() {}
        public init(key: String, value: String = "", effect: String) {
            self.key = key
            self.value = value
            self.effect = effect
        }
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("effect", &effect)
            map("key", &key)
            map("timeAdded", &timeAdded)
            map("value", &value)
        }
    }

    public struct NodeAddress: FieldMap {
        public var type = ""
        public var address = ""
        public init() {}
        public init(type: String, address: String) {
            self.type = type
            self.address = address
        }
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("address", &address)
            map("type", &type)
        }
    }

    public struct NodeStatus: FieldMap {
        public var addresses: [NodeAddress] = []
        public var capacity: [String: Quantity] = [:]
        public var allocatable: [String: Quantity] = [:]
        public var conditions: [Condition] = []
        public var nodeInfo: [String: ManifestNode] = [:]
        public var daemonEndpoints: ManifestNode?
        public var images: ManifestNode?
        public var phase = ""
        public var volumesAttached: ManifestNode?
        public var volumesInUse: [String] = []
        public var runtimeHandlers: ManifestNode?
        public var features: ManifestNode?
        public var declaredFeatures: [String] = []
        public var config: ManifestNode?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("addresses", &addresses)
            map("allocatable", &allocatable)
            map("capacity", &capacity)
            map("conditions", &conditions)
            map("config", &config)
            map("daemonEndpoints", &daemonEndpoints)
            map("declaredFeatures", &declaredFeatures)
            map("features", &features)
            map("images", &images)
            map("nodeInfo", &nodeInfo)
            map("phase", &phase)
            map("runtimeHandlers", &runtimeHandlers)
            map("volumesAttached", &volumesAttached)
            map("volumesInUse", &volumesInUse)
        }
    }
}
