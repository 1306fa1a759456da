/// The options of a neighbour discovery message; ends at a length of 0 or an option that runs past the end.
@frozen
public struct NeighborDiscoveryOptions: Sequence {
    public let base: UnsafeRawPointer
    public let count: Int

    /// `count` bytes of options; a negative count is none.
    @inlinable @inline(__always)
    public init(_ base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = Swift.max(count, 0)
    }

    /// Option numbers (RFC 4861 section 4.6).
    public enum Kind {
        @inlinable @inline(__always) public static var sourceLinkAddress: UInt8 { 1 }
        @inlinable @inline(__always) public static var targetLinkAddress: UInt8 { 2 }
        @inlinable @inline(__always) public static var prefixInformation: UInt8 { 3 }
        @inlinable @inline(__always) public static var redirectedHeader: UInt8 { 4 }
        @inlinable @inline(__always) public static var mtu: UInt8 { 5 }
        @inlinable @inline(__always) public static var nonce: UInt8 { 14 }
    }

    @frozen
    public struct Option {
        public let kind: UInt8
        /// Bytes of the whole option, a multiple of 8.
        public let length: Int
        /// Where the option starts, from the first option byte.
        public let offset: Int
        /// The `length - 2` bytes behind kind and length.
        public let value: UnsafeRawPointer

        @inlinable @inline(__always)
        init(kind: UInt8, length: Int, offset: Int, value: UnsafeRawPointer) {
            self.kind = kind
            self.length = length
            self.offset = offset
            self.value = value
        }

        /// The Ethernet address of a source or target link-layer address option.
        @inlinable @inline(__always)
        public var linkAddress: MACAddress? {
            (kind == Kind.sourceLinkAddress || kind == Kind.targetLinkAddress) && length == 8
                ? value.loadMAC(at: 0) : nil
        }
    }

    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline let base: UnsafeRawPointer
        @usableFromInline let count: Int
        @usableFromInline var offset = 0

        @inlinable @inline(__always)
        init(_ options: NeighborDiscoveryOptions) {
            base = options.base
            count = options.count
        }

        @inlinable
        public mutating func next() -> Option? {
            guard count &- offset >= 2 else { return nil }
            let length = Int(base.load8(at: offset &+ 1)) * 8
            guard length > 0, length <= count &- offset else { return nil }
            let option = Option(
                kind: base.load8(at: offset), length: length, offset: offset, value: base + (offset &+ 2))
            offset &+= length
            return option
        }
    }

    @inlinable @inline(__always)
    public func makeIterator() -> Iterator { Iterator(self) }
}
