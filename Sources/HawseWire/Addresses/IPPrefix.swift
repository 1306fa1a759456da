/// An address with a prefix length: `10.244.1.0/24`. Host bits may be set (`10.244.1.1/24` on an interface).
@frozen
public struct IPPrefix: Hashable, Sendable, Comparable {
    public var address: IPAddress
    /// 0…32 or 0…128.
    public var length: Int

    @inlinable
    public init(_ address: IPAddress, length: Int) {
        precondition(length >= 0 && length <= address.family.bitCount)
        self.address = address
        self.length = length
    }

    @inlinable public var family: AddressFamily { address.family }
    @inlinable public var mask: AddressBits { .mask(prefixLength: length, family: family) }

    /// The prefix with all host bits cleared.
    public var network: IPPrefix {
        IPPrefix(IPAddress(family: family, bits: address.bits & mask), length: length)
    }

    /// The prefix's last address: IPv4's broadcast address.
    public var last: IPAddress {
        let host = ~mask & .mask(prefixLength: family.bitCount, family: family)
        return IPAddress(family: family, bits: address.bits | host)
    }

    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && (other.bits ^ address.bits) & mask == .zero
    }

    public func contains(_ other: IPPrefix) -> Bool {
        other.length >= length && contains(other.address)
    }

    public static func < (a: Self, b: Self) -> Bool {
        a.address != b.address ? a.address < b.address : a.length < b.length
    }

    /// The whole address space of a family: `0.0.0.0/0` or `::/0`.
    public static func all(_ family: AddressFamily) -> IPPrefix {
        IPPrefix(.unspecified(family), length: 0)
    }
}

extension IPPrefix: LosslessStringConvertible {
    /// `address/length`, or a bare address as a host prefix.
    public init?(_ text: String) {
        self.init(text[...])
    }

    public init?(_ text: Substring) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(address, length: address.family.bitCount)
            return
        }
        let digits = parts[1].utf8
        guard !digits.isEmpty, digits.count <= 3, digits.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            let length = Int(parts[1]), length <= address.family.bitCount
        else { return nil }
        self.init(address, length: length)
    }

    public var description: String { "\(address)/\(length)" }
}
