/// Packets waiting for their turn: a ring, first in first out, bounded.
struct WorkList {
    static let capacity = 1 << 14
    private var ring: UnsafeMutablePointer<PacketRef>
    private var head = 0
    private(set) var count = 0

    init() { ring = .allocate(capacity: Self.capacity) }
    func deallocate() { ring.deallocate() }

    @inline(__always)
    mutating func push(_ packet: PacketRef) -> Bool {
        guard count < Self.capacity else { return false }
        ring[(head &+ count) & (Self.capacity &- 1)] = packet
        count &+= 1
        return true
    }

    @inline(__always)
    mutating func pop() -> PacketRef? {
        guard count > 0 else { return nil }
        let packet = ring[head]
        head = (head &+ 1) & (Self.capacity &- 1)
        count &-= 1
        return packet
    }
}
