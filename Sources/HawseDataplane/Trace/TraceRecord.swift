import HawseModel
import HawseWire

/// One event as the walk writes it down: numbers only, of one size. Text is made of it when somebody reads it
/// (`TraceDecoder`). Trivial.
struct TraceRecord: BitwiseCopyable {
    enum Code: UInt8, BitwiseCopyable {
        case received, transmitted, hook, table, rule, miss, conntrack, nat, rewrite, route, ended
        /// A rare one, kept as the event itself: its place is in `number`.
        case told
    }

    var cause: UInt64
    var generation: UInt8
    var code: Code
    /// By code: hook, connection info, manipulation, match, kind of route, kind of end.
    var detail: UInt8 = 0
    /// 4 or 6.
    var version: UInt8 = 0
    /// Device in, table, or drop reason.
    var first: UInt16 = 0
    /// Device out.
    var second: UInt16 = 0
    /// Rule record, ports.
    var number: UInt32 = 0
    /// Protocol, version of the gateway, or the packet's mark.
    var last: UInt32 = 0
    /// Addresses.
    var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    @inline(__always)
    init(_ packet: PacketRef, _ code: Code) {
        cause = packet.pointee.cause
        generation = packet.pointee.generation
        version = packet.pointee.version
        self.code = code
    }

    /// The tuple of a connection.
    var tuple: Tuple {
        get {
            Tuple(
                source: AddressBits(high: words.0, low: words.1), destination: AddressBits(high: words.2, low: words.3),
                sourcePort: UInt16(truncatingIfNeeded: number >> 16), destinationPort: UInt16(truncatingIfNeeded: number),
                ipProtocol: IPProtocol(rawValue: UInt8(truncatingIfNeeded: last)), version: version)
        }
        set {
            words = (newValue.source.high, newValue.source.low, newValue.destination.high, newValue.destination.low)
            number = newValue.ports
            last = UInt32(newValue.ipProtocol.rawValue)
            version = newValue.version
        }
    }

    /// Two tuples of IPv4, that before and that behind a binding.
    var binding: (from: Tuple, to: Tuple) {
        get { (Self.unpack(words.0, words.1), Self.unpack(words.2, words.3)) }
        set {
            words = (
                Self.addresses(newValue.from), Self.rest(newValue.from), Self.addresses(newValue.to), Self.rest(newValue.to)
            )
        }
    }

    private static func addresses(_ tuple: Tuple) -> UInt64 { tuple.source.low << 32 | tuple.destination.low & 0xffff_ffff }
    private static func rest(_ tuple: Tuple) -> UInt64 { UInt64(tuple.ports) << 8 | UInt64(tuple.ipProtocol.rawValue) }

    private static func unpack(_ addresses: UInt64, _ rest: UInt64) -> Tuple {
        Tuple(
            source: AddressBits(high: 0, low: addresses >> 32), destination: AddressBits(high: 0, low: addresses & 0xffff_ffff),
            sourcePort: UInt16(truncatingIfNeeded: rest >> 24), destinationPort: UInt16(truncatingIfNeeded: rest >> 8),
            ipProtocol: IPProtocol(rawValue: UInt8(truncatingIfNeeded: rest)), version: 4)
    }
}

/// What the traced walk has written down and nobody has read yet.
struct TraceLog {
    private(set) var records: UnsafeMutablePointer<TraceRecord>
    private(set) var count = 0
    private var capacity = 1 << 10
    /// The rare events among the records.
    private(set) var told: [TraceEvent.Kind] = []
    /// Events that were read early, since what they speak of was about to change.
    var settled: [TraceEvent] = []
    /// Also keep the bytes of every frame at every device (`Dataplane.isTapping`).
    var keepsFrames = false
    /// Also tell of rules whose generic part did not match (`Dataplane.tellsEveryMiss`).
    var tellsEveryMiss = false

    init() { records = .allocate(capacity: capacity) }
    func deallocate() { records.deallocate() }

    @inline(__always)
    mutating func append(_ record: TraceRecord) {
        if count == capacity { grow() }
        (records + count).initialize(to: record)
        count &+= 1
    }

    mutating func tell(_ packet: PacketRef, _ kind: TraceEvent.Kind) {
        var record = TraceRecord(packet, .told)
        record.number = UInt32(truncatingIfNeeded: told.count)
        told.append(kind)
        append(record)
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<TraceRecord>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: records, count: count)
        records.deallocate()
        records = larger
        capacity *= 2
    }

    mutating func removeAll() {
        count = 0
        told.removeAll(keepingCapacity: true)
    }
}
