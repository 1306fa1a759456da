/// The options of a TCP header. Iteration stops at End, at a length below 2 and at an option that runs past
/// the end, as `tcp_parse_options` does; No-Operation is skipped.
@frozen
public struct TCPOptions: Sequence {
    public let base: UnsafeRawPointer
    public let count: Int

    /// `count` bytes of options; a negative count is none.
    @inlinable @inline(__always)
    public init(_ base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = Swift.max(count, 0)
    }

    /// Option numbers.
    public enum Kind {
        @inlinable @inline(__always) public static var end: UInt8 { 0 }
        @inlinable @inline(__always) public static var noOperation: UInt8 { 1 }
        @inlinable @inline(__always) public static var maximumSegmentSize: UInt8 { 2 }
        @inlinable @inline(__always) public static var windowScale: UInt8 { 3 }
        @inlinable @inline(__always) public static var sackPermitted: UInt8 { 4 }
        @inlinable @inline(__always) public static var sack: UInt8 { 5 }
        @inlinable @inline(__always) public static var timestamps: UInt8 { 8 }
    }

    @frozen
    public struct Option {
        public let kind: UInt8
        /// Bytes of the whole option, kind and length included: 2 or more.
        public let length: Int
        /// Where the option starts, from the first option byte.
        public let offset: Int
        /// The option's `length - 2` value bytes.
        public let value: UnsafeRawPointer

        @inlinable @inline(__always)
        init(kind: UInt8, length: Int, offset: Int, value: UnsafeRawPointer) {
            self.kind = kind
            self.length = length
            self.offset = offset
            self.value = value
        }

        /// The MSS in bytes, when this is a well-formed MSS option.
        @inlinable @inline(__always)
        public var maximumSegmentSize: UInt16? {
            kind == Kind.maximumSegmentSize && length == 4 ? value.loadBE16(at: 0) : nil
        }

        /// The window's shift count as sent (RFC 7323 limits it to 14), when well formed.
        @inlinable @inline(__always)
        public var windowScale: UInt8? {
            kind == Kind.windowScale && length == 3 ? value.load8(at: 0) : nil
        }

        @inlinable @inline(__always)
        public var isSACKPermitted: Bool { kind == Kind.sackPermitted && length == 2 }

        /// Blocks in a well-formed SACK option, else 0.
        @inlinable @inline(__always)
        public var sackBlockCount: Int {
            kind == Kind.sack && length >= 10 && (length - 2) % 8 == 0 ? (length - 2) / 8 : 0
        }

        /// Left and right edge of block `index`, which must be below `sackBlockCount`.
        @inlinable @inline(__always)
        public func sackBlock(_ index: Int) -> (left: UInt32, right: UInt32) {
            (value.loadBE32(at: index * 8), value.loadBE32(at: index * 8 + 4))
        }

        /// Value and echo of a well-formed timestamps option.
        @inlinable @inline(__always)
        public var timestamps: (value: UInt32, echo: UInt32)? {
            kind == Kind.timestamps && length == 10 ? (value.loadBE32(at: 0), value.loadBE32(at: 4)) : nil
        }
    }

    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline let base: UnsafeRawPointer
        @usableFromInline let count: Int
        @usableFromInline var offset = 0

        @inlinable @inline(__always)
        init(_ options: TCPOptions) {
            base = options.base
            count = options.count
        }

        @inlinable
        public mutating func next() -> Option? {
            while offset < count {
                let kind = base.load8(at: offset)
                if kind == Kind.end { break }
                if kind == Kind.noOperation {
                    offset &+= 1
                    continue
                }
                guard count &- offset >= 2 else { break }
                let length = Int(base.load8(at: offset &+ 1))
                guard length >= 2, length <= count &- offset else { break }
                let option = Option(kind: kind, length: length, offset: offset, value: base + (offset &+ 2))
                offset &+= length
                return option
            }
            offset = count
            return nil
        }
    }

    @inlinable @inline(__always)
    public func makeIterator() -> Iterator { Iterator(self) }
}
