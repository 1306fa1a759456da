import HawseModel
import HawseWire

/// Where packets come from: descriptors and buffers that are used again and again, so that a warm node
/// allocates nothing per packet. A bound on live packets keeps floods and queues finite.
struct PacketPool {
    /// Room in front of the network header: Ethernet with two VLAN tags, or a VXLAN over IPv6 encapsulation twice.
    static let headroom = 192
    /// Fits an Ethernet frame of the usual MTU and jumbo-free captures; larger ones get a buffer of their own.
    static let standardCapacity = 2048 + headroom
    static let maximumLive = 1 << 16

    private var free: UnsafeMutablePointer<PacketRef>
    private var freeCount = 0
    private(set) var live = 0

    init() {
        free = .allocate(capacity: Self.maximumLive)
    }

    func deallocate() {
        for i in 0..<freeCount {
            free[i].pointee.buffer.deallocate()
            free[i].deallocate()
        }
        free.deallocate()
    }

    /// A packet with room for `bytes` behind the headroom; `nil` when too many are alive.
    @inline(__always)
    mutating func take(bytes: Int) -> PacketRef? {
        if freeCount > 0, bytes + Self.headroom <= Self.standardCapacity {
            freeCount &-= 1
            live &+= 1
            let packet = free[freeCount]
            let buffer = packet.pointee.buffer
            let capacity = packet.pointee.capacity
            packet.pointee = Packet(buffer: buffer, capacity: capacity)
            return packet
        }
        return takeSlow(bytes: bytes)
    }

    @inline(never)
    private mutating func takeSlow(bytes: Int) -> PacketRef? {
        guard live < Self.maximumLive else { return nil }
        live += 1
        let capacity = max(Self.standardCapacity, bytes + Self.headroom)
        let packet = PacketRef.allocate(capacity: 1)
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
        packet.initialize(to: Packet(buffer: buffer, capacity: Int32(capacity)))
        return packet
    }

    @inline(__always)
    mutating func give(back packet: PacketRef) {
        live &-= 1
        if packet.pointee.capacity == Int32(Self.standardCapacity), freeCount < Self.maximumLive {
            free[freeCount] = packet
            freeCount &+= 1
        } else {
            packet.pointee.buffer.deallocate()
            packet.deallocate()
        }
    }
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// Copies a frame in so that its IP header lands behind the standard headroom.
    @inline(__always)
    func fill(frame bytes: UnsafeRawBufferPointer, linkLength: Int) {
        let start = PacketPool.headroom - linkLength
        pointee.buffer.advanced(by: start).copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
        pointee.mac = linkLength > 0 ? Int32(start) : -1
        pointee.network = Int32(PacketPool.headroom)
        pointee.end = Int32(start + bytes.count)
    }

    /// Makes sure `extra` bytes fit behind `end`, moving to a larger buffer if they do not.
    func reserveTail(_ extra: Int) {
        guard Int(pointee.end) + extra > Int(pointee.capacity) else { return }
        let capacity = Int(pointee.end) + extra + 256
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
        buffer.copyMemory(from: pointee.buffer, byteCount: Int(pointee.end))
        pointee.buffer.deallocate()
        pointee.buffer = buffer
        pointee.capacity = Int32(capacity)
    }
}
