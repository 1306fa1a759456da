extension Kubernetes {
    public struct Service: KubernetesObject {
        public static let apiVersion = "v1"
        public static let kind = "Service"
        public static let plural = "services"
        public static let shortNames = ["svc"]

        public var metadata = ObjectMeta()
        public var spec = ServiceSpec()
        public var status = ServiceStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct ServiceType: Keyword {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let clusterIP: Self = "ClusterIP"
        public static let nodePort: Self = "NodePort"
        public static let loadBalancer: Self = "LoadBalancer"
        public static let externalName: Self = "ExternalName"
    }

    /// Of `internalTrafficPolicy` and `externalTrafficPolicy`.
    public struct TrafficPolicy: Keyword {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let cluster: Self = "Cluster"
        public static let local: Self = "Local"
    }

    public struct SessionAffinity: Keyword {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let none: Self = "None"
        public static let clientIP: Self = "ClientIP"
    }

    public struct IPFamily: Keyword {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let ipv4: Self = "IPv4"
        public static let ipv6: Self = "IPv6"
    }

    public struct IPFamilyPolicy: Keyword {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let singleStack: Self = "SingleStack"
        public static let preferDualStack: Self = "PreferDualStack"
        public static let requireDualStack: Self = "RequireDualStack"
    }

    /// `TCP`, `UDP` or `SCTP`.
    public struct TransportProtocol: Keyword {
        public var rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }
        public static let tcp: Self = "TCP"
        public static let udp: Self = "UDP"
        public static let sctp: Self = "SCTP"
    }

    public struct ServiceSpec: FieldMap {
        public var type: ServiceType = ""
        public var selector: [String: String] = [:]
        public var ports: [ServicePort] = []
        public var clusterIP = ""
        public var clusterIPs: [String] = []
        public var ipFamilies: [IPFamily] = []
        public var ipFamilyPolicy: IPFamilyPolicy?
        public var externalIPs: [String] = []
        public var externalName = ""
        public var externalTrafficPolicy: TrafficPolicy = ""
        public var internalTrafficPolicy: TrafficPolicy?
        public var trafficDistribution: String?
        public var sessionAffinity: SessionAffinity = ""
        public var sessionAffinityConfig: SessionAffinityConfig?
        public var loadBalancerIP = ""
        public var loadBalancerClass: String?
        public var loadBalancerSourceRanges: [String] = []
        public var allocateLoadBalancerNodePorts: Bool?
        public var healthCheckNodePort = 0
        public var publishNotReadyAddresses = false

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("allocateLoadBalancerNodePorts", &allocateLoadBalancerNodePorts)
            map("clusterIP", &clusterIP)
            map("clusterIPs", &clusterIPs)
            map("externalIPs", &externalIPs)
            map("externalName", &externalName)
            map("externalTrafficPolicy", &externalTrafficPolicy)
            map("healthCheckNodePort", &healthCheckNodePort)
            map("internalTrafficPolicy", &internalTrafficPolicy)
            map("ipFamilies", &ipFamilies)
            map("ipFamilyPolicy", &ipFamilyPolicy)
            map("loadBalancerClass", &loadBalancerClass)
            map("loadBalancerIP", &loadBalancerIP)
            map("loadBalancerSourceRanges", &loadBalancerSourceRanges)
            map("ports", &ports)
            map("publishNotReadyAddresses", &publishNotReadyAddresses)
            map("selector", &selector)
            map("sessionAffinity", &sessionAffinity)
            map("sessionAffinityConfig", &sessionAffinityConfig)
            map("trafficDistribution", &trafficDistribution)
            map("type", &type)
        }
    }

    public struct ServicePort: FieldMap {
        public var name = ""
        public var `protocol`: TransportProtocol = ""
        public var appProtocol: String?
        public var port = 0
        public var targetPort: IntOrString = 0
        public var nodePort = 0

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("appProtocol", &appProtocol)
            map("name", &name)
            map("nodePort", &nodePort)
            map.always("port", &port)
            map("protocol", &`protocol`)
            map("targetPort", &targetPort)
        }
    }

    public struct SessionAffinityConfig: FieldMap {
        public var clientIP: ClientIPConfig?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("clientIP", &clientIP) }
    }

    public struct ClientIPConfig: FieldMap {
        /// 1…86,400; 10,800 when not given.
        public var timeoutSeconds: Int?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("timeoutSeconds", &timeoutSeconds) }
    }

    public struct ServiceStatus: FieldMap {
        public var loadBalancer = LoadBalancerStatus()
        public var conditions: [Condition] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("conditions", &conditions)
            map("loadBalancer", &loadBalancer)
        }
    }

    public struct LoadBalancerStatus: FieldMap {
        public var ingress: [LoadBalancerIngress] = []
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) { map("ingress", &ingress) }
    }

    public struct LoadBalancerIngress: FieldMap {
        public var ip = ""
        public var hostname = ""
        /// `VIP` or `Proxy`; nil counts as VIP.
        public var ipMode: String?
        public var ports: [PortStatus] = []

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("hostname", &hostname)
            map("ip", &ip)
            map("ipMode", &ipMode)
            map("ports", &ports)
        }
    }

    public struct PortStatus: FieldMap {
        public var port = 0
        public var `protocol`: TransportProtocol = ""
        public var error: String?

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("error", &error)
            map.always("port", &port)
            map("protocol", &`protocol`)
        }
    }
}
