import HawseWire

/// One endpoint of a service port as kube-proxy keeps it (`BaseEndpointInfo`).
public struct ProxyEndpoint: Hashable, Sendable {
    public var address: IPAddress
    public var port: UInt16
    /// On this proxy's node.
    public var isLocal: Bool
    /// Ready and not terminating, or published regardless.
    public var isReady: Bool
    public var isServing: Bool
    public var isTerminating: Bool
    public var zoneHints: [String]
    public var nodeHints: [String]
    /// `ip:port` or `[ip]:port`: the endpoint's identity, its place in the order, and part of its chain's name.
    public let text: String

    public init(
        address: IPAddress, port: UInt16, isLocal: Bool = false, isReady: Bool = true, isServing: Bool = true,
        isTerminating: Bool = false, zoneHints: [String] = [], nodeHints: [String] = []
    ) {
        self.address = address
        self.port = port
        self.isLocal = isLocal
        self.isReady = isReady
        self.isServing = isServing
        self.isTerminating = isTerminating
        self.zoneHints = zoneHints
        self.nodeHints = nodeHints
        text = address.description(port: port)
    }

    /// Byte-wise by text: 10.244.0.10 stands before 10.244.0.2.
    static func precedes(_ a: Self, _ b: Self) -> Bool { a.text.utf8.lexicographicallyPrecedes(b.text.utf8) }
}
