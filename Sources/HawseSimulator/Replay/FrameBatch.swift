import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// Records of a capture made into frames for a node, many at a time. Frames stay where the reader has them; those that
/// need another Ethernet destination are copied.
///
/// Only plain records are taken: Ethernet, IPv4 or IPv6, not of the node's own, with nothing left to a device.
/// `EntryPoint.enter` has the rest.
/// What a sender's address and a frame's destination come to is remembered.
struct FrameBatch: ~Copyable {
    private struct Sender {
        var address: AddressBits
        /// 0: nothing is remembered here.
        var version: UInt8
        var isLocal: Bool
        /// -1: there is none.
        var port: Int16
    }

    private struct Station {
        var mac: UInt64
        var isAccepted: Bool
        var isOwn: Bool
    }

    private static let senderCount = 1 << 10
    private static let stationCount = 1 << 6
    private static let roomSize = 1 << 20

    let capacity: Int
    private(set) var count = 0
    private let frames: UnsafeMutablePointer<InputFrame>
    private let room: UnsafeMutableRawPointer
    private var roomUsed = 0
    private let senders: UnsafeMutablePointer<Sender>
    private let stations: UnsafeMutablePointer<Station>
    private let ports: UnsafeMutableBufferPointer<(index: UInt16, mac: MACAddress, isBare: Bool, longest: Int)>

    init(_ entry: EntryPoint, capacity: Int) {
        self.capacity = capacity
        frames = .allocate(capacity: capacity)
        room = .allocate(byteCount: Self.roomSize, alignment: 64)
        senders = .allocate(capacity: Self.senderCount)
        senders.initialize(
            repeating: Sender(address: .zero, version: 0, isLocal: false, port: -1), count: Self.senderCount)
        stations = .allocate(capacity: Self.stationCount)
        stations.initialize(repeating: Station(mac: .max, isAccepted: false, isOwn: false), count: Self.stationCount)
        let table = entry.portTable
        ports = .allocate(capacity: table.count)
        _ = ports.initialize(from: table)
    }

    deinit {
        frames.deallocate()
        room.deallocate()
        senders.deallocate()
        stations.deallocate()
        ports.deallocate()
    }

    /// What has been taken and not yet cleared.
    var all: UnsafeBufferPointer<InputFrame> { UnsafeBufferPointer(start: frames, count: count) }

    mutating func clear() {
        count = 0
        roomUsed = 0
    }

    enum Fit { case taken, full, other }

    /// Takes a record in. `port`: by the capture's interface, -1 if that says nothing.
    @inline(__always)
    mutating func take(_ record: CaptureRecord, port captured: Int, _ entry: EntryPoint) -> Fit {
        guard record.linkType == .ethernet, record.bytes.count >= 34, let base = record.bytes.baseAddress else { return .other }
        let source: AddressBits
        let version: UInt8
        switch (base.loadBE16(at: 12), base.load8(at: 14)) {
        case (0x0800, 0x45...0x4f):
            source = AddressBits(ipv4: base.loadBE32(at: 26))
            version = 4
        case (0x86dd, 0x60...0x6f) where record.bytes.count >= 54:
            source = AddressBits(high: base.loadBE64(at: 22), low: base.loadBE64(at: 30))
            version = 6
        default: return .other
        }
        guard count < capacity else { return .full }
        let sender = sender(source, version, entry)
        let port = captured >= 0 ? captured : Int(sender.port)
        guard !sender.isLocal, port >= 0, !ports[port].isBare else { return .other }
        var bytes = record.bytes
        guard bytes.count <= ports[port].longest, !station(base.loadBE64(at: 6) >> 16, entry).isOwn,
            !Offload.isPartial(base + 14, isIPv6: version == 6, captured: bytes.count &- 14)
        else { return .other }
        if !station(base.loadBE64(at: 0) >> 16, entry).isAccepted {
            guard roomUsed + bytes.count <= Self.roomSize else { return count > 0 ? .full : .other }
            let copy = room + roomUsed
            copy.copyMemory(from: base, byteCount: bytes.count)
            copy.storeBE32(UInt32(truncatingIfNeeded: ports[port].mac.value >> 16), at: 0)
            copy.storeBE16(UInt16(truncatingIfNeeded: ports[port].mac.value), at: 4)
            bytes = UnsafeRawBufferPointer(start: copy, count: bytes.count)
            roomUsed += (bytes.count + 63) & ~63
        }
        (frames + count).initialize(
            to: InputFrame(bytes: bytes, interface: ports[port].index, time: Instant(nanoseconds: record.timestamp)))
        count &+= 1
        return .taken
    }

    @inline(__always)
    private func sender(_ address: AddressBits, _ version: UInt8, _ entry: EntryPoint) -> Sender {
        let mixed = (address.low ^ address.high &* 0x9e37_79b9_7f4a_7c15) &* 0xbb67_ae85_84ca_a73b
        let slot = senders + Int(truncatingIfNeeded: mixed >> 54)
        if slot.pointee.version == version, slot.pointee.address == address { return slot.pointee }
        return learn(address, version, slot, entry)
    }

    @inline(never)
    private func learn(
        _ bits: AddressBits, _ version: UInt8, _ slot: UnsafeMutablePointer<Sender>, _ entry: EntryPoint
    ) -> Sender {
        let address = IPAddress(family: version == 6 ? .ipv6 : .ipv4, bits: bits)
        slot.pointee = Sender(
            address: bits, version: version, isLocal: entry.isLocal(address), port: Int16(clamping: entry.port(from: address) ?? -1))
        return slot.pointee
    }

    @inline(__always)
    private func station(_ mac: UInt64, _ entry: EntryPoint) -> Station {
        let slot = stations + Int(truncatingIfNeeded: (mac &* 0x9e37_79b9_7f4a_7c15) >> 58)
        if slot.pointee.mac != mac {
            slot.pointee = Station(mac: mac, isAccepted: entry.accepts(MACAddress(mac)), isOwn: entry.isOwn(MACAddress(mac)))
        }
        return slot.pointee
    }
}
