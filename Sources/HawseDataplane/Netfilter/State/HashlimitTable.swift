import HawseModel
import HawseWire

/// The buckets of `-m hashlimit` under one name (`struct xt_hashlimit_htable`).
struct HashlimitTable {
    /// A power of two below 2⁶⁴ (bytes: 2³²) over the jiffies of a day.
    static let creditsPerJiffy: UInt64 = 1 << 39
    static let byteCreditsPerJiffy: UInt32 = 128
    static let scale: UInt64 = 1_000_000
    static var byteCap: UInt32 { byteCreditsPerJiffy * UInt32(Instant.hertz) }

    struct Bucket: BitwiseCopyable {
        /// Jiffies.
        var expires: UInt64 = 0
        var previous: UInt64 = 0
        var credit: UInt64 = 0
        /// Packets: full credit. Bytes: refills of the burst left.
        var cap: UInt64 = 0
        var cost: UInt64 = 0
        // With `.rateMatch`
        var currentRate: UInt64 = 0
        var rate: UInt64 = 0
        var burst: UInt64 = 0
        var exceeded = false
    }

    let settings: HashlimitMatch
    let family: AddressFamily
    var references = 1
    var buckets: EntryTable<Bucket>
    let maximum: Int
    /// Jiffies.
    let lifetime: UInt64
    let gcInterval: UInt64
    let created: UInt64
    var lastSweep: UInt64

    init(_ settings: HashlimitMatch, family: AddressFamily, now: Instant, seed: UInt64) {
        self.settings = settings
        self.family = family
        buckets = EntryTable(seed: seed)
        let size = settings.size == 0 ? 8192 : Int(settings.size)
        maximum = max(settings.maximum == 0 ? 8 * size : Int(settings.maximum), size)
        let expire = settings.expire == 0 ? Self.defaultExpire(settings) : UInt64(settings.expire)
        lifetime = (expire * UInt64(Instant.hertz) + 999) / 1000
        gcInterval = max((UInt64(settings.gcInterval) * UInt64(Instant.hertz) + 999) / 1000, 1)
        created = now.jiffies
        lastSweep = created
    }

    func deallocate() { buckets.deallocate() }

    /// What iptables fills in: the unit in which it would print the rate, in milliseconds.
    private static func defaultExpire(_ settings: HashlimitMatch) -> UInt64 {
        if settings.mode.contains(.bytes) { return 1000 }
        let units: [UInt64] = [86_400, 3600, 60, 1]
        var chosen = units[0]
        for unit in units.dropFirst() {
            let period = unit * scale
            if settings.average > period || (settings.average != 0 && period / settings.average < period % settings.average) {
                break
            }
            chosen = unit
        }
        return chosen * 1000
    }

    /// `htable_gc`: expired buckets go at the table's own ticks, not before.
    mutating func sweep(_ now: UInt64) {
        let tick = created + (now - min(created, now)) / gcInterval * gcInterval
        guard tick > lastSweep else { return }
        lastSweep = tick
        var index = buckets.first
        while index != .max {
            let next = buckets[index].pointee.next
            if tick >= buckets[index].pointee.value.expires { buckets.remove(index) }
            index = next
        }
    }

    /// `user2credits` of revision 3.
    static func credits(_ user: UInt64) -> UInt64 {
        let perSecond = UInt64(Instant.hertz) &* creditsPerJiffy
        if scale >= perSecond { return user / (scale / perSecond) }
        return user &* (perSecond / scale)
    }

    /// `rateinfo_init`
    func fresh(_ now: UInt64) -> Bucket {
        var bucket = Bucket()
        bucket.previous = now
        if settings.mode.contains(.rateMatch) {
            if settings.mode.contains(.bytes) {
                let divisor = UInt32(truncatingIfNeeded: settings.average)
                let chunks = divisor == 0 ? UInt64(UInt32.max) : UInt64(UInt32.max / divisor)
                bucket.rate = chunks == 0 ? 0 : (chunks - 1) << 4
                bucket.burst = settings.burst == 0 ? bucket.rate : settings.burst &* bucket.rate
            } else {
                bucket.rate = settings.average == 0 ? 0 : Self.scale / settings.average
                bucket.burst = settings.burst &+ bucket.rate
            }
        } else if settings.mode.contains(.bytes) {
            bucket.credit = UInt64(Self.byteCap)
            bucket.cost = (settings.average &* UInt64(Self.byteCap)) >> 32
            bucket.cap = settings.burst
        } else {
            bucket.credit = Self.credits(settings.average &* settings.burst)
            bucket.cost = Self.credits(settings.average)
            bucket.cap = bucket.credit
        }
        return bucket
    }

    /// `rateinfo_recalc`
    func refill(_ bucket: inout Bucket, _ now: UInt64) {
        let passed = now &- bucket.previous
        if passed == 0 { return }
        if settings.mode.contains(.rateMatch) {
            let interval = UInt64(settings.rateInterval) * UInt64(Instant.hertz)
            if passed < interval { return }
            bucket.previous = now
            bucket.exceeded = bucket.currentRate &* interval > passed &* bucket.rate
            bucket.currentRate = 0
            return
        }
        bucket.previous = now
        if settings.mode.contains(.bytes) {
            let before = bucket.credit
            bucket.credit = bucket.credit &+ UInt64(Self.byteCreditsPerJiffy) &* passed
            if before >= bucket.credit || bucket.credit > UInt64(Self.byteCap) { bucket.credit = UInt64(Self.byteCap) }
        } else {
            bucket.credit = min(bucket.credit &+ passed &* Self.creditsPerJiffy, bucket.cap)
        }
    }

    /// `hashlimit_byte_cost`: an empty bucket is filled again as long as the burst lasts.
    func byteCost(_ bucket: inout Bucket, _ length: Int) -> UInt64 {
        let cost = min(UInt64(length >> 4 + 1) &* bucket.cost, UInt64(Self.byteCap))
        if bucket.credit < cost, bucket.cap != 0 {
            bucket.cap -= 1
            bucket.credit = UInt64(Self.byteCap)
        }
        return cost
    }
}
