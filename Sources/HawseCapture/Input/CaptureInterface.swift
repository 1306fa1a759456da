/// An interface of a capture: an Interface Description Block of pcapng, or the one interface of a classic file.
public struct CaptureInterface: Hashable, Sendable {
    /// `if_name`, such as `eth0`; for what we write, the vantage point: `node-a/cni0`. Empty when not given.
    public var name: String
    public var description: String
    public var linkType: LinkType
    /// The longest capture length the writer promised; 0 means no limit.
    public var snapshotLength: UInt32
    /// `if_tsresol` as it stands in the file: 6 for microseconds, 9 for nanoseconds, the top bit for powers of two.
    public var timestampResolution: UInt8
    /// `if_tsoffset`: seconds to add to every timestamp.
    public var timestampOffset: Int64

    public init(
        name: String = "", description: String = "", linkType: LinkType = .ethernet,
        snapshotLength: UInt32 = 262_144, timestampResolution: UInt8 = 9, timestampOffset: Int64 = 0
    ) {
        self.name = name
        self.description = description
        self.linkType = linkType
        self.snapshotLength = snapshotLength
        self.timestampResolution = timestampResolution
        self.timestampOffset = timestampOffset
    }
}

/// What the Section Header Block says about how a capture was made.
public struct CaptureSection: Hashable, Sendable {
    public var comments: [String]
    public var hardware: String
    public var operatingSystem: String
    public var application: String

    public init(
        comments: [String] = [], hardware: String = "", operatingSystem: String = "", application: String = ""
    ) {
        self.comments = comments
        self.hardware = hardware
        self.operatingSystem = operatingSystem
        self.application = application
    }
}

/// Turns the timestamps of one interface into nanoseconds since 1970.
struct TimestampScale {
    private enum Unit: UInt8 { case multiple, fraction, binary }

    private var unit: Unit
    private var binaryDigits: UInt8 = 0
    private var factor: UInt64 = 1
    private var offset: Int64

    static let microseconds = TimestampScale(resolution: 6, offset: 0)!

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
        }
    }

    /// Nanoseconds since 1970, held at the ends of what 64 bits can say (years 1677 to 2262).
    @inline(__always) func nanoseconds(_ count: UInt64) -> Int64 {
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
        if offset == 0 { return clamped }
        let (sum, overflow) = clamped.addingReportingOverflow(offset)
        return overflow ? Int64.max : sum
    }
}
