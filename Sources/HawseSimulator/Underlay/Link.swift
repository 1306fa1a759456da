import HawseModel

/// What a wire does to frames. The default does nothing: frames arrive at once, in order.
public struct LinkQuality: Hashable, Sendable {
    /// Nanoseconds.
    public var delay: Int64
    /// Nanoseconds added at random, uniformly, from 0 up to this: frames may overtake each other.
    public var jitter: Int64
    /// Of a million frames, so many are lost.
    public var lossPerMillion: UInt32
    /// Of a million frames, so many arrive twice.
    public var duplicatePerMillion: UInt32
    /// Of a million frames, so many do not wait for `delay`: they overtake those before them.
    public var reorderPerMillion: UInt32 = 0
    /// Bits a second; 0: no limit.
    public var bandwidth: UInt64
    /// Frames waiting for the wire beyond this many bytes are lost.
    public var queueBytes: Int
    public var isDown: Bool

    public init(
        delay: Int64 = 0, jitter: Int64 = 0, lossPerMillion: UInt32 = 0, duplicatePerMillion: UInt32 = 0,
        bandwidth: UInt64 = 0, queueBytes: Int = 1 << 20, isDown: Bool = false
    ) {
        self.delay = delay
        self.jitter = jitter
        self.lossPerMillion = lossPerMillion
        self.duplicatePerMillion = duplicatePerMillion
        self.bandwidth = bandwidth
        self.queueBytes = queueBytes
        self.isDown = isDown
    }
}

/// One direction of a wire.
struct Link {
    var quality = LinkQuality()
    /// When the wire has sent what it was given.
    private var busyUntil = Instant.zero
    private(set) var lost: UInt64 = 0
    private(set) var duplicated: UInt64 = 0

    init(_ quality: LinkQuality = LinkQuality()) { self.quality = quality }

    /// When a frame given to the wire at `now` arrives: no time (lost), one, or two.
    mutating func arrivals(bytes: Int, at now: Instant, chance: inout RandomStream) -> [Instant] {
        if quality.isDown || (quality.lossPerMillion > 0 && chance.below(1_000_000) < quality.lossPerMillion) {
            lost += 1
            return []
        }
        var departure = now
        if quality.bandwidth > 0 {
            departure = max(now, busyUntil)
            let backlog = Double(departure - now) * Double(quality.bandwidth) / 8e9
            guard backlog <= Double(quality.queueBytes) else {
                lost += 1
                return []
            }
            let time = Double(bytes) * 8e9 / Double(quality.bandwidth)
            departure = departure + Int64(time.rounded())
            busyUntil = departure
        }
        let overtakes = quality.reorderPerMillion > 0 && chance.below(1_000_000) < quality.reorderPerMillion
        var times = [overtakes ? departure : departure + delay(&chance)]
        if quality.duplicatePerMillion > 0, chance.below(1_000_000) < quality.duplicatePerMillion {
            duplicated += 1
            times.append(departure + delay(&chance))
        }
        return times
    }

    private func delay(_ chance: inout RandomStream) -> Int64 {
        quality.delay + (quality.jitter > 0 ? Int64(chance.next() % UInt64(quality.jitter)) : 0)
    }
}
