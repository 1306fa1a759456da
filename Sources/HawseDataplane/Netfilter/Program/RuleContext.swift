import HawseModel
import HawseWire

/// What a match or target may look at besides its own payload (`struct xt_action_param`).
struct RuleContext {
    let node: UnsafeMutablePointer<NodeState>
    let family: UnsafeMutablePointer<NetfilterFamily>
    let packet: PacketRef
    let table: TableIndex
    let hook: Hook
    /// A match found the packet too broken to go on: it is dropped (`par->hotdrop`).
    var hotdrop = false

    /// For what the matches ask of other areas; nothing they ask writes to the trace.
    @inline(__always) var walk: Walk<Plain> { Walk<Plain>(node: node) }
    @inline(__always) var isIPv6: Bool { packet.pointee.version == 6 }

    /// The transport header when `count` bytes of it are there; otherwise the packet is to be dropped.
    @inline(__always)
    mutating func transport(_ count: Int) -> UnsafeMutableRawPointer? {
        if packet.transportLength >= count { return packet.transportPointer }
        hotdrop = true
        return nil
    }
}

/// An extension match, compiled to a trivial value in the program's arena. What it remembers between packets (a
/// bucket, a counter) is in it too, and lives as long as its table: the kernel forgets it with the table as well.
protocol MatchOperation: BitwiseCopyable {
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool
}

/// An inclusive range of numbers under an optional `!`, all numbers when nothing was given.
struct NumberRange<Number: FixedWidthInteger & BitwiseCopyable>: BitwiseCopyable {
    var lower: Number
    var upper: Number
    var inverted: Bool

    init(_ range: ValueRange<Number>?) where Number: Sendable {
        lower = range?.lower ?? .min
        upper = range?.upper ?? .max
        inverted = range?.inverted ?? false
    }

    /// Nothing was asked for.
    var isEverything: Bool { lower == .min && upper == .max && !inverted }

    @inline(__always)
    func contains(_ number: Number) -> Bool { (number >= lower && number <= upper) != inverted }
}

/// A value under a mask with an optional `!`; unset always holds.
struct MaskedNumber: BitwiseCopyable {
    var value: UInt32
    var mask: UInt32
    var inverted: Bool

    init(_ masked: MaskedValue?) {
        value = masked?.value ?? 0
        mask = masked?.mask ?? 0
        inverted = masked?.inverted ?? false
    }

    @inline(__always)
    func holds(_ number: UInt32) -> Bool { (number & mask == value) != inverted }
}

/// A number that must be equal, or with `!` different; unset always holds.
struct ExpectedNumber: BitwiseCopyable {
    var value: UInt32
    var isSet: Bool
    var inverted: Bool

    init<Value: BinaryInteger>(_ flagged: Flagged<Value>?) {
        value = flagged.map { UInt32(truncatingIfNeeded: $0.value) } ?? 0
        isSet = flagged != nil
        inverted = flagged?.inverted ?? false
    }

    @inline(__always)
    func holds(_ number: UInt32) -> Bool { !isSet || (number == value) != inverted }
}

/// An address under a mask; unset always holds.
struct MaskedAddress: BitwiseCopyable {
    var address: AddressBits
    var mask: AddressBits
    var isSet: Bool
    var inverted: Bool

    init(_ match: AddressMatch?) {
        address = match?.address.bits ?? .zero
        mask = match?.mask ?? .zero
        isSet = match != nil
        inverted = match?.inverted ?? false
    }

    /// An IPv4 address as a compiled rule has it.
    init(_ address: UInt64, _ mask: UInt64, _ inverted: Bool) {
        self.address = AddressBits(high: 0, low: address)
        self.mask = AddressBits(high: 0, low: mask)
        isSet = mask != 0 || inverted
        self.inverted = inverted
    }

    @inline(__always)
    func holds(_ bits: AddressBits) -> Bool { !isSet || ((bits & mask) == address) != inverted }
}
