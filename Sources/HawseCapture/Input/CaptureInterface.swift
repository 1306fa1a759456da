/// An interface of a capture: an Interface Description Block of pcapng, or the one interface of a classic
/// file.
public struct CaptureInterface: Hashable, Sendable {
    /// `if_name`, such as `eth0`; for what we write, the vantage point: `node-a/cni0`. Empty when not given.
    public var name: String
    public var description: String
    public var linkType: LinkType
    /// The longest capture length the writer promised; 0 means no limit.
    public var snapshotLength: UInt32
    /// `if_tsresol` as it stands in the file: 6 for microseconds, 9 for nanoseconds, the top bit for powers
    /// of two.
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
