/// The chunks of an SCTP packet. Iteration ends at the packet's end and at a length field of 0, as the
/// kernel's `for_each_sctp_chunk` does; a chunk whose length runs past the end is still reported.
@frozen
public struct SCTPChunks: Sequence {
    public let base: UnsafeRawPointer
    public let count: Int

    /// `count` bytes from the common header's start; fewer than 12 hold no chunk.
    @inlinable @inline(__always)
    public init(_ base: UnsafeRawPointer, count: Int) {
        self.base = base
        self.count = count
    }

    /// Chunk types (RFC 9260 section 3.2).
    public enum Kind {
        @inlinable @inline(__always) public static var data: UInt8 { 0 }
        @inlinable @inline(__always) public static var initiation: UInt8 { 1 }
        @inlinable @inline(__always) public static var initiationAck: UInt8 { 2 }
        @inlinable @inline(__always) public static var sack: UInt8 { 3 }
        @inlinable @inline(__always) public static var heartbeat: UInt8 { 4 }
        @inlinable @inline(__always) public static var heartbeatAck: UInt8 { 5 }
        @inlinable @inline(__always) public static var abort: UInt8 { 6 }
        @inlinable @inline(__always) public static var shutdown: UInt8 { 7 }
        @inlinable @inline(__always) public static var shutdownAck: UInt8 { 8 }
        @inlinable @inline(__always) public static var error: UInt8 { 9 }
        @inlinable @inline(__always) public static var cookieEcho: UInt8 { 10 }
        @inlinable @inline(__always) public static var cookieAck: UInt8 { 11 }
        @inlinable @inline(__always) public static var ecnEcho: UInt8 { 12 }
        @inlinable @inline(__always) public static var congestionWindowReduced: UInt8 { 13 }
        @inlinable @inline(__always) public static var shutdownComplete: UInt8 { 14 }
        @inlinable @inline(__always) public static var forwardTSN: UInt8 { 192 }
        @inlinable @inline(__always) public static var asconf: UInt8 { 193 }
        @inlinable @inline(__always) public static var asconfAck: UInt8 { 128 }
    }

    @frozen
    public struct Chunk {
        public let type: UInt8
        public let flags: UInt8
        /// Bytes with the four header bytes, without padding, as the field says.
        public let length: Int
        /// Where the chunk starts, from the common header's start.
        public let offset: Int

        @inlinable @inline(__always)
        init(type: UInt8, flags: UInt8, length: Int, offset: Int) {
            self.type = type
            self.flags = flags
            self.length = length
            self.offset = offset
        }
    }

    @frozen
    public struct Iterator: IteratorProtocol {
        @usableFromInline let base: UnsafeRawPointer
        @usableFromInline let count: Int
        @usableFromInline var offset = SCTPHeader.length

        @inlinable @inline(__always)
        init(_ chunks: SCTPChunks) {
            base = chunks.base
            count = chunks.count
        }

        @inlinable
        public mutating func next() -> Chunk? {
            guard count &- offset >= 4 else { return nil }
            let length = Int(base.loadBE16(at: offset &+ 2))
            guard length != 0 else { return nil }
            let chunk = Chunk(
                type: base.load8(at: offset), flags: base.load8(at: offset &+ 1), length: length,
                offset: offset)
            offset &+= (length &+ 3) & ~3
            return chunk
        }
    }

    @inlinable @inline(__always)
    public func makeIterator() -> Iterator { Iterator(self) }
}
