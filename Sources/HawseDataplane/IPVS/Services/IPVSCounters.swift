import HawseModel

/// Counters of a service or a real server with their rate estimator (`struct ip_vs_stats`). The estimator looks every
/// two seconds; the looks that fall between two packets are made up for when the next packet or a reader comes.
struct IPVSCounters {
    var counts = IPVSListing.Counters()
    /// What the last look collected (`kstats`).
    private var last = IPVSListing.Counters()
    /// What was collected when the counters were zeroed (`kstats0`).
    private var base = IPVSListing.Counters()
    /// Kernel fixed point: packets and connections × 2^10, bytes × 2^5, per second.
    private var scaled: (Int64, Int64, Int64, Int64, Int64) = (0, 0, 0, 0, 0)
    /// Two-second period up to which the rates are made up; 0: none yet.
    private var period: UInt64 = 0

    /// Makes up the looks that are due (`ip_vs_chain_estimation`).
    @inline(__always)
    mutating func reach(_ now: UInt64) {
        if period != now { estimate(now) }
    }

    @inline(never)
    private mutating func estimate(_ now: UInt64) {
        defer { period = now }
        guard period != 0, now > period else {
            last = counts
            return
        }
        // A rate that nothing feeds is gone after a few dozen looks.
        for _ in 0..<min(now - period, 128) {
            Self.step(&scaled.0, (counts.connections &- last.connections) << 9)
            Self.step(&scaled.1, (counts.incomingPackets &- last.incomingPackets) << 9)
            Self.step(&scaled.2, (counts.outgoingPackets &- last.outgoingPackets) << 9)
            Self.step(&scaled.3, (counts.incomingBytes &- last.incomingBytes) << 4)
            Self.step(&scaled.4, (counts.outgoingBytes &- last.outgoingBytes) << 4)
            last = counts
        }
    }

    @inline(__always)
    private static func step(_ rate: inout Int64, _ sample: UInt64) {
        rate &+= (Int64(truncatingIfNeeded: sample) &- rate) >> 2
    }

    /// `ip_vs_read_estimator`
    var rates: IPVSListing.Rates {
        func show(_ value: Int64, _ half: Int64, _ shift: Int64) -> UInt64 { UInt64(max(value + half, 0) >> shift) }
        var rates = IPVSListing.Rates()
        rates.connections = show(scaled.0, 0x1ff, 10)
        rates.incomingPackets = show(scaled.1, 0x1ff, 10)
        rates.outgoingPackets = show(scaled.2, 0x1ff, 10)
        rates.incomingBytes = show(scaled.3, 0xf, 5)
        rates.outgoingBytes = show(scaled.4, 0xf, 5)
        return rates
    }

    /// What is shown: everything since the counters were zeroed; without estimation only what was collected before it
    /// stopped.
    func shown(isEstimating: Bool) -> IPVSListing.Counters {
        let now = isEstimating ? counts : last
        var shown = IPVSListing.Counters()
        shown.connections = now.connections &- base.connections
        shown.incomingPackets = now.incomingPackets &- base.incomingPackets
        shown.outgoingPackets = now.outgoingPackets &- base.outgoingPackets
        shown.incomingBytes = now.incomingBytes &- base.incomingBytes
        shown.outgoingBytes = now.outgoingBytes &- base.outgoingBytes
        return shown
    }

    /// `ip_vs_zero_stats`: what was collected so far is not shown any more; what came since the last look will be.
    mutating func zero(_ now: UInt64) {
        reach(now)
        base = last
        scaled = (0, 0, 0, 0, 0)
    }
}
