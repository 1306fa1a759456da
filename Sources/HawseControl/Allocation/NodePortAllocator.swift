import HawseModel

/// Node ports, allocated by number: protocols share them. Static band below, random choice above it.
///
/// Mirrors `pkg/registry/core/service/portallocator`.
public struct NodePortAllocator: Sendable {
    public enum Failure: Error, Hashable, Sendable {
        case outsideRange(ClosedRange<Int>)
        case taken
        case full

        public var description: String {
            switch self {
            case .outsideRange(let range):
                "provided port is not in the valid range. The range of valid ports is \(range.lowerBound)-\(range.upperBound)"
            case .taken: "provided port is already allocated"
            case .full: "range is full"
            }
        }
    }

    public let range: ClosedRange<Int>
    /// Ports in the static band: min(max(16, size/32), 128); none in ranges of 16 ports or fewer.
    public let bandSize: Int
    private var used: Set<Int> = []
    private var random: RandomStream
    /// Ports that the input names somewhere: not given to those who do not care.
    var reserved: Set<Int> = []

    public init(range: ClosedRange<Int>, seed: UInt64) {
        self.range = range
        bandSize = range.count <= 16 ? 0 : min(max(16, range.count / 32), 128)
        random = RandomStream(seed: seed, purpose: "node-port")
    }

    public func isUsed(_ port: Int) -> Bool { used.contains(port) }

    public mutating func allocate(_ port: Int) throws(Failure) {
        guard range.contains(port) else { throw .outsideRange(range) }
        guard used.insert(port).inserted else { throw .taken }
    }

    public mutating func allocateNext() throws(Failure) -> Int {
        let dynamic = range.count - bandSize
        let start = dynamic > 0 ? Int(random.below(UInt32(clamping: dynamic))) : 0
        for step in 0..<max(0, dynamic) {
            let port = range.lowerBound + bandSize + (start + step) % dynamic
            if !reserved.contains(port), used.insert(port).inserted { return port }
        }
        let first = bandSize > 0 ? Int(random.below(UInt32(clamping: bandSize))) : 0
        for step in 0..<bandSize {
            let port = range.lowerBound + (first + step) % bandSize
            if !reserved.contains(port), used.insert(port).inserted { return port }
        }
        throw .full
    }

    public mutating func release(_ port: Int) { used.remove(port) }
}
