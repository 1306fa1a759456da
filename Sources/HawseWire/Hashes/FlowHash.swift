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

    // The constants are the fractional parts of the square roots of 2, 3, 5, 7, 11 and 13. Every factor has
    // the seed in it, so that no input known beforehand makes a product vanish.

    @inlinable @inline(__always)
    public func callAsFunction(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let folded = Self.mum(a ^ seed ^ 0x6a09_e667_f3bc_c908, b ^ seed ^ 0xbb67_ae85_84ca_a73b)
        return Self.mum(folded ^ 0x3c6e_f372_fe94_f82b, seed ^ 0xa54f_f53a_5f1d_36f1)
    }

    /// Two pairs, such as two addresses.
    @inlinable @inline(__always)
    public func callAsFunction(_ a: AddressBits, _ b: AddressBits) -> UInt64 {
        callAsFunction(a, b, 0)
    }

    /// Two addresses and a word of what else makes the tuple (ports, protocol, zone).
    @inlinable @inline(__always)
    public func callAsFunction(_ a: AddressBits, _ b: AddressBits, _ rest: UInt64) -> UInt64 {
        let first = Self.mum(a.low ^ seed ^ 0x6a09_e667_f3bc_c908, a.high ^ seed ^ 0xbb67_ae85_84ca_a73b)
        let second = Self.mum(b.low ^ seed ^ 0x3c6e_f372_fe94_f82b, b.high ^ seed ^ 0xa54f_f53a_5f1d_36f1)
        // The rotation keeps (a, b) and (b, a) apart and equal addresses from cancelling.
        let both = (first << 23 | first >> 41) ^ second
        return Self.mum(both ^ seed ^ 0x510e_527f_ade6_82d1, rest ^ seed ^ 0x9b05_688c_2b3e_6c1f)
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
