import HawseModel
import HawseWire

/// What a packet in the whole walk does, written down so that the next one of its flow need not do it again.
struct PathRecorder {
    static let capacity = 512
    var isOn = false
    /// Something on the way does not hold for the next packet: a limit, a random choice, a length, an answer sent.
    var isVoid = false
    let hits: UnsafeMutablePointer<TrajectoryHit>
    private(set) var count = 0
    /// The packet's IP bytes on arrival.
    private(set) var length: Int32 = 0
    private(set) var maximumLength: Int32 = .max
    /// The packet that is followed, and what it was like on arrival.
    private(set) var packet: PacketRef?
    private(set) var copy: PacketRef?
    private(set) var markBefore: UInt32 = 0
    /// Its connection and what the connection calls it. `nil`: the tracker does not know it (yet), and a virtual server may.
    var connection: ConnectionRef?
    var direction = Direction.original
    var info = ConnectionInfo.none
    /// It went into a tunnel.
    var isEncapsulated = false
    /// Of which device.
    var tunnel: UInt16 = 0
    /// Handle of its virtual connection; 0: none.
    var virtual: UInt32 = 0
    /// What IPVS was asked about it.
    var asks: Trajectory.Flags = []

    init() { hits = .allocate(capacity: Self.capacity) }
    func deallocate() { hits.deallocate() }

    mutating func begin(_ packet: PacketRef, copy: PacketRef, length: Int) {
        isOn = true
        isVoid = false
        count = 0
        self.packet = packet
        self.copy = copy
        self.length = Int32(truncatingIfNeeded: length)
        maximumLength = .max
        markBefore = packet.pointee.mark
        isEncapsulated = false
        connection = nil
        direction = .original
        info = .none
        virtual = 0
        asks = []
    }

    mutating func note(_ counters: UnsafeMutablePointer<Counters>, length: Int) {
        guard count < Self.capacity else {
            isVoid = true
            return
        }
        let offset = Int32(truncatingIfNeeded: length) &- self.length
        (hits + count).initialize(to: TrajectoryHit(counters: counters, offset: offset))
        count += 1
    }

    /// An MTU that a packet of this length has just met.
    mutating func limit(_ mtu: Int, length: Int) {
        maximumLength = min(maximumLength, Int32(clamping: mtu &- (length &- Int(self.length))))
    }
}

extension Walk {
    /// Counts a packet somewhere, and remembers that when its way is being written down.
    @inline(__always)
    func tally(_ counters: UnsafeMutablePointer<Counters>, _ length: Int) {
        counters.pointee.packets &+= 1
        counters.pointee.bytes &+= UInt64(truncatingIfNeeded: length)
        if node.pointee.flows.recorder.isOn {
            node.pointee.flows.recorder.note(counters, length: length)
        }
    }

    /// The way of this packet says nothing about the next one's.
    @inline(__always)
    func voidRecording() { node.pointee.flows.recorder.isVoid = true }

    /// The packet has met this MTU on its way.
    @inline(__always)
    func noteLimit(_ mtu: Int, _ packet: PacketRef) {
        if node.pointee.flows.recorder.isOn { node.pointee.flows.recorder.limit(mtu, length: packet.length) }
    }
}
