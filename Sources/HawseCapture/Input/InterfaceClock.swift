/// Turns the timestamps of one interface into nanoseconds since 1970.
@usableFromInline
struct TimestampScale {
    private enum Unit: UInt8 { case multiple, fraction, binary }

    /// Nanoseconds a count, when that is a whole number and there is no offset: the common case. Else 0.
    @usableFromInline private(set) var plainFactor: UInt64 = 0
    private var unit: Unit
    private var binaryDigits: UInt8 = 0
    private var factor: UInt64 = 1
    private var offset: Int64

    /// From `if_tsresol` and `if_tsoffset`; `nil` for a resolution finer than 64 bits can count.
    init?(resolution: UInt8, offset seconds: Int64) {
        let digits = resolution & 0x7f
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        offset = overflow ? (seconds < 0 ? Int64.min : Int64.max) : product
        if resolution & 0x80 != 0 {
            guard digits <= 63 else { return nil }
            unit = .binary
            binaryDigits = digits
        } else {
            guard digits <= 19 else { return nil }
            unit = digits <= 9 ? .multiple : .fraction
            for _ in 0..<(digits <= 9 ? 9 - digits : digits - 9) { factor *= 10 }
            if unit == .multiple, offset == 0 { plainFactor = factor }
        }
    }

    /// Nanoseconds since 1970, held at the ends of what 64 bits can say (years 1677 to 2262).
    @inlinable @inline(__always) func nanoseconds(_ count: UInt64) -> Int64 {
        let (product, overflow) = count.multipliedReportingOverflow(by: plainFactor)
        if plainFactor != 0, !overflow, product <= UInt64(Int64.max) { return Int64(bitPattern: product) }
        return convert(count)
    }

    @usableFromInline @inline(never) func convert(_ count: UInt64) -> Int64 {
        let value: UInt64
        switch unit {
        case .multiple:
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            value = overflow ? .max : product
        case .fraction:
            value = count / factor
        case .binary:
            let (high, low) = count.multipliedFullWidth(by: 1_000_000_000)
            let shift = UInt64(binaryDigits)
            if shift == 0 {
                value = high == 0 ? low : .max
            } else {
                value = high >> shift == 0 ? high << (64 - shift) | low >> shift : .max
            }
        }
        let clamped = Int64(truncatingIfNeeded: min(value, UInt64(Int64.max)))
        let (sum, overflow) = clamped.addingReportingOverflow(offset)
        return overflow ? Int64.max : sum
    }
}

/// What the hot path has to know of an interface.
@usableFromInline
struct InterfaceClock {
    @usableFromInline var scale: TimestampScale
    @usableFromInline var linkType: LinkType
    var snapshotLength: UInt32
}

/// The clocks of the current section's interfaces, in manual memory.
struct InterfaceClocks: ~Copyable {
    private(set) var entries: UnsafeMutablePointer<InterfaceClock>
    private(set) var count = 0
    private var capacity = 4

    init() { entries = .allocate(capacity: capacity) }

    deinit { entries.deallocate() }

    mutating func append(_ entry: InterfaceClock) {
        if count == capacity {
            let larger = UnsafeMutablePointer<InterfaceClock>.allocate(capacity: capacity * 2)
            larger.moveInitialize(from: entries, count: count)
            entries.deallocate()
            entries = larger
            capacity *= 2
        }
        (entries + count).initialize(to: entry)
        count += 1
    }

    mutating func removeAll() { count = 0 }
}
