import HawseModel
import HawseWire

/// The ClusterIPs of one range: a static band below for those who ask for an address, a dynamic one above.
///
/// Mirrors `pkg/registry/core/service/ipallocator`: the first address of the range is its base plus one; IPv4 ranges
/// end one before their last address; automatic choice starts at a random place of the dynamic band, walks up, wraps,
/// and uses the static band only when the other is full.
public struct ClusterIPAllocator: Sendable {
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        case outsideRange
        case taken
        case full

        public var description: String {
            switch self {
            case .outsideRange: "the provided network does not match the current range"
            case .taken: "provided IP is already allocated"
            case .full: "range is full"
            }
        }
    }

    public let range: IPPrefix
    /// Addresses that may be given out; 2^62 at most.
    public let size: UInt64
    /// Addresses in the static band.
    public let bandSize: UInt64
    private var used: Set<AddressBits> = []
    private var random: RandomStream
    /// Addresses that the input names somewhere: not given to those who do not care.
    var reserved: Set<AddressBits> = []

    public init(range: IPPrefix, seed: UInt64) {
        self.range = range.network
        let hostBits = range.family.bitCount - range.length
        let total: UInt64 = hostBits >= 62 ? 1 << 62 : 1 << UInt64(hostBits)
        let unused: UInt64 = range.family == .ipv4 ? 2 : 1
        size = total > unused ? total - unused : 0
        bandSize = Self.band(total)
        random = RandomStream(
            seed: seed, purpose: range.family == .ipv4 ? "cluster-ip-v4" : "cluster-ip-v6")
    }

    /// min(max(16, size/16), 256); none in ranges of 16 addresses or fewer.
    static func band(_ total: UInt64) -> UInt64 { total <= 16 ? 0 : min(max(16, total / 16), 256) }

    public var usedCount: Int { used.count }

    private func bits(_ offset: UInt64) -> AddressBits { range.address.bits.adding(offset + 1) }

    /// The band an address lies in: true for the static one.
    public func isStatic(_ address: IPAddress) -> Bool { address.bits < bits(bandSize) }

    public func contains(_ address: IPAddress) -> Bool {
        range.contains(address) && address.bits >= bits(0) && size > 0 && address.bits <= bits(size - 1)
    }

    public mutating func allocate(_ address: IPAddress) throws(Failure) {
        guard contains(address) else { throw .outsideRange }
        guard used.insert(address.bits).inserted else { throw .taken }
    }

    /// One of several ranges.
    mutating func choose(among count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }

    /// Notes an address that is taken already; of another range, nothing.
    mutating func keep(_ address: IPAddress) {
        if contains(address) { used.insert(address.bits) }
    }

    public mutating func allocateNext() throws(Failure) -> IPAddress {
        guard UInt64(used.count) < size else { throw .full }
        let dynamic = size > bandSize ? size - bandSize : 0
        let start = dynamic == 0 ? 0 : random.next() % dynamic
        // Of one more candidate than are taken or kept, one is free.
        for step in 0..<min(dynamic, UInt64(used.count + reserved.count) + 1) {
            if let address = take(bandSize + (start + step) % dynamic) { return address }
        }
        let band = min(bandSize, size)
        let first = band == 0 ? 0 : random.next() % band
        for step in 0..<band {
            if let address = take((first + step) % band) { return address }
        }
        throw .full
    }

    private mutating func take(_ offset: UInt64) -> IPAddress? {
        let candidate = bits(offset)
        guard !reserved.contains(candidate) else { return nil }
        return used.insert(candidate).inserted ? IPAddress(family: range.family, bits: candidate) : nil
    }

    public mutating func release(_ address: IPAddress) { used.remove(address.bits) }
}
