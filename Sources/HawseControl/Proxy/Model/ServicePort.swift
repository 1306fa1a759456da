import HawseModel
import HawseWire

/// One port of a Service for one address family, reduced to what the rules depend on (`BaseServicePortInfo`).
public struct ServicePort: Hashable, Sendable {
    public var name: ServicePortName
    public var clusterIP: IPAddress
    public var port: UInt16
    /// 0: none.
    public var nodePort: UInt16
    /// Seconds that a client stays with its endpoint (`sessionAffinity: ClientIP`).
    public var affinitySeconds: UInt32?
    public var isInternalPolicyLocal: Bool
    public var isExternalPolicyLocal: Bool
    public var externalIPs: [IPAddress]
    /// Ingress addresses of the load balancer in VIP mode.
    public var loadBalancerVIPs: [IPAddress]
    /// Empty: everybody.
    public var sourceRanges: [IPPrefix]
    /// 0: none.
    public var healthCheckNodePort: UInt16
    /// Given by the annotation `hawse.dev/ipvs-scheduler`; `nil`: the proxy's own.
    public var scheduler: VirtualService.Scheduler?

    public init(
        name: ServicePortName, clusterIP: IPAddress, port: UInt16, nodePort: UInt16 = 0,
        affinitySeconds: UInt32? = nil, isInternalPolicyLocal: Bool = false, isExternalPolicyLocal: Bool = false,
        externalIPs: [IPAddress] = [], loadBalancerVIPs: [IPAddress] = [], sourceRanges: [IPPrefix] = [],
        healthCheckNodePort: UInt16 = 0, scheduler: VirtualService.Scheduler? = nil
    ) {
        self.name = name
        self.clusterIP = clusterIP
        self.port = port
        self.nodePort = nodePort
        self.affinitySeconds = affinitySeconds
        self.isInternalPolicyLocal = isInternalPolicyLocal
        self.isExternalPolicyLocal = isExternalPolicyLocal
        self.externalIPs = externalIPs
        self.loadBalancerVIPs = loadBalancerVIPs
        self.sourceRanges = sourceRanges
        self.healthCheckNodePort = healthCheckNodePort
        self.scheduler = scheduler
    }

    public var ipProtocol: IPProtocol { name.ipProtocol }
    public var family: AddressFamily { clusterIP.family }

    /// Reached under an address that is not the ClusterIP.
    public var isExternallyAccessible: Bool {
        nodePort != 0 || !loadBalancerVIPs.isEmpty || !externalIPs.isEmpty
    }

    /// Needed also under an external Local policy: pods and the node itself take the short way to all endpoints.
    public var usesClusterEndpoints: Bool { !isInternalPolicyLocal || isExternallyAccessible }
    public var usesLocalEndpoints: Bool {
        isInternalPolicyLocal || (isExternalPolicyLocal && isExternallyAccessible)
    }
}
