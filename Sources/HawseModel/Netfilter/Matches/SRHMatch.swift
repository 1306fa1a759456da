/// `-m srh` (`ip6t_srh`): the segment routing header.
public struct SRHMatch: Hashable, Sendable {
    public struct Comparison: Hashable, Sendable {
        public enum Operator: UInt8, Hashable, Sendable { case equal, greaterThan, lessThan }

        public var comparison: Operator
        public var value: UInt8
        public var inverted: Bool

        public init(_ comparison: Operator, _ value: UInt8, inverted: Bool = false) {
            self.comparison = comparison
            self.value = value
            self.inverted = inverted
        }
    }

    public var nextHeader: Flagged<UInt8>?
    /// Header extension length in eight-byte units.
    public var headerLength: [Comparison]
    public var segmentsLeft: [Comparison]
    public var lastEntry: [Comparison]
    public var tag: Flagged<UInt16>?
    public var previousSegment: AddressMatch?
    public var nextSegment: AddressMatch?
    public var lastSegment: AddressMatch?

    public init(
        nextHeader: Flagged<UInt8>? = nil, headerLength: [Comparison] = [], segmentsLeft: [Comparison] = [],
        lastEntry: [Comparison] = [], tag: Flagged<UInt16>? = nil, previousSegment: AddressMatch? = nil,
        nextSegment: AddressMatch? = nil, lastSegment: AddressMatch? = nil
    ) {
        self.nextHeader = nextHeader
        self.headerLength = headerLength
        self.segmentsLeft = segmentsLeft
        self.lastEntry = lastEntry
        self.tag = tag
        self.previousSegment = previousSegment
        self.nextSegment = nextSegment
        self.lastSegment = lastSegment
    }
}
