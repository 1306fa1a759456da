/// The seeded hash of our own tables: multiply to 128 bits and fold (`mum`), a few cycles per pair of words.
/// It never decides what a packet does, only where a connection is stored or which shard has it.
@frozen
public struct FlowHash: Sendable, Hashable {
    public let seed: UInt64

    @inlinable @inline(__always)
    public init(seed: UInt64) { self.seed = seed }

    /// The product's two halves folded together.
    @inlinable @inline(__always)
    static func mum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let product = a.multipliedFullWidth(by: b)
        return product.high ^ product.low
    }

    @inlinable @inline(__always)
    public func callAsFunction(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let folded = Self.mum(a ^ seed ^ 0xa076_1d64_78bd_642f, b ^ seed ^ 0xe703_7ed1_a0b4_28db)
        return Self.mum(folded ^ 0x8ebc_6af0_9c88_c6e3, seed ^ 0x5899_65cc_7537_4cc3)
    }

    /// Two pairs, such as two addresses.
    @inlinable @inline(__always)
    public func callAsFunction(_ a: AddressBits, _ b: AddressBits) -> UInt64 {
        callAsFunction(a, b, 0)
    }

    /// Two addresses and a word of what else makes the tuple (ports, protocol, zone).
    @inlinable @inline(__always)
    public func callAsFunction(_ a: AddressBits, _ b: AddressBits, _ rest: UInt64) -> UInt64 {
        let first = Self.mum(a.low ^ seed ^ 0xa076_1d64_78bd_642f, a.high ^ 0xe703_7ed1_a0b4_28db)
        let second = Self.mum(b.low ^ seed ^ 0x8ebc_6af0_9c88_c6e3, b.high ^ 0x5899_65cc_7537_4cc3)
        // The rotation keeps (a, b) and (b, a) apart and equal addresses from cancelling.
        let both = (first << 23 | first >> 41) ^ second
        return Self.mum(both ^ 0x1d8e_4e27_c47d_124f, rest ^ seed ^ 0xeb44_acca_b455_d165)
    }

    /// The same value for both directions of a flow: endpoints `(address, port)` in either order.
    @inlinable
    public func symmetric(
        _ a: AddressBits, _ aPort: UInt16, _ b: AddressBits, _ bPort: UInt16, protocolNumber: IPProtocol
    ) -> UInt64 {
        let inOrder = a != b ? a < b : aPort <= bPort
        let (x, y) = inOrder ? (a, b) : (b, a)
        let (xPort, yPort) = inOrder ? (aPort, bPort) : (bPort, aPort)
        let rest = UInt64(xPort) << 24 | UInt64(yPort) << 8 | UInt64(protocolNumber.rawValue)
        return callAsFunction(x, y, rest)
    }
}
