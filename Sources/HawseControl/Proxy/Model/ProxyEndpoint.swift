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
        text = address.family == .ipv4 ? Self.text(address.bits.ipv4, port) : address.description(port: port)
    }

    /// Byte-wise by text, which is ASCII: 10.244.0.10 stands before 10.244.0.2.
    static func precedes(_ a: Self, _ b: Self) -> Bool { a.text < b.text }

    /// `a.b.c.d:port`, without the detour over strings of its parts: there are a hundred thousand of these.
    private static func text(_ address: UInt32, _ port: UInt16) -> String {
        String(unsafeUninitializedCapacity: 21) { buffer in
            var end = 0
            func write(_ number: UInt32) {
                var divisor: UInt32 = 1
                while number / divisor >= 10 { divisor *= 10 }
                while divisor > 0 {
                    buffer[end] = UInt8(ascii: "0") + UInt8(number / divisor % 10)
                    end += 1
                    divisor /= 10
                }
            }
            for shift: UInt32 in [24, 16, 8, 0] {
                write(address >> shift & 255)
                buffer[end] = UInt8(ascii: shift == 0 ? ":" : ".")
                end += 1
            }
            write(UInt32(port))
            return end
        }
    }
}
