import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct ConnectionTimerTests {
    /// Never early, and late by no more than the eighth of the timeout that the kernel's wheel allows itself.
    @Test func firesWithinTheWheelsCoarseness() {
        var chance = RandomStream(seed: 1, purpose: "test")
        for _ in 0..<20_000 {
            let clock = Int64(chance.below(1 << 30))
            let delta = Int64(chance.below(1 << (1 + chance.below(20))))
            let fires = Jiffies.fire(clock + delta, at: clock)
            #expect(fires > clock + delta)
            #expect(fires - clock - delta <= max(1, delta / 7))
        }
        // 15 minutes: the level of 4096 jiffies.
        #expect(Jiffies.fire(225_000, at: 0) == 225_280)
        #expect(Jiffies.fire(62, at: 0) == 63)
        #expect(Jiffies.fire(63, at: 0) == 64)
    }

    /// Every timer goes off once, in the tick it says, whatever the jumps of time and the restarts in between.
    @Test func everyTimerGoesOffInItsTick() {
        var chance = RandomStream(seed: 2, purpose: "test")
        let records = LazyMemory<VirtualConnection>(capacity: 4096)
        defer { records.deallocate() }
        var wheel = TimerWheel()
        defer { wheel.deallocate() }
        wheel.start(at: 1_000_000)
        var due: [UInt32: Int64] = [:]
        var now: Int64 = 1_000_000
        for step in 0..<3000 {
            for _ in 0..<chance.below(4) {
                let number = 1 + chance.below(4000)
                let delay = Int64(chance.below(1 << (1 + chance.below(22))))
                let record = records[Int(number)]
                // A timer that is set for the same jiffy again stays as it is.
                let isSame = record.pointee.flags.contains(.timer) && record.pointee.expires == now + delay
                let fires = isSame ? record.pointee.fires : Jiffies.fire(now + delay, at: now)
                record.pointee.setTimeout(delay)
                if record.pointee.restart(at: now) {
                    wheel.remove(number, records)
                    wheel.insert(number, records)
                }
                #expect(record.pointee.fires == fires)
                due[number] = fires
            }
            now += Int64(chance.below(step % 50 == 0 ? 1 << 21 : 300))
            while let number = wheel.popDue(now, records) {
                #expect(due[number] == wheel.clock)
                due[number] = nil
            }
            #expect(!due.values.contains { $0 <= now })
        }
        #expect(wheel.count == due.count)
    }

    @Test func tableKeepsTheNewestFirstWhileItGrows() throws {
        var table = VirtualConnectionTable(capacity: 40_000, seed: 3)
        defer { table.deallocate() }
        func flow(_ n: Int) -> VirtualFlow {
            VirtualFlow(
                version: 4, ipProtocol: .tcp, client: AddressBits(ipv4: UInt32(n / 3)), clientPort: UInt16(1 + n % 3),
                virtual: AddressBits(ipv4: 9), virtualPort: 80)
        }
        func insert(_ n: Int) -> VirtualConnectionRef? {
            guard let c = table.allocate() else { return nil }
            let f = flow(n)
            c.pointee.version = 4
            c.pointee.ipProtocol = .tcp
            c.pointee.client = f.client
            c.pointee.clientPort = f.clientPort
            c.pointee.virtual = f.virtual
            c.pointee.virtualPort = 80
            table.insert(c)
            return c
        }
        let (one, two) = (insert(0), insert(0))
        let first = try #require(one)
        let second = try #require(two)
        for n in 1..<30_000 where insert(n) == nil { Issue.record("no room for \(n)") }
        // Two of the same flow: the newer is found, until it is gone.
        let newest = table.findIncoming(flow(0))
        #expect(newest == second)
        table.remove(second)
        let remaining = table.findIncoming(flow(0))
        #expect(remaining == first)
        for n in 1..<30_000 where table.findIncoming(flow(n)) == nil { Issue.record("\(n) is not found") }
        let absent = table.findIncoming(flow(30_000))
        #expect(absent == nil)
        #expect(table.count == 30_001)
    }

    @Test func fullTableRefuses() {
        var table = VirtualConnectionTable(capacity: 8, seed: 1)
        defer { table.deallocate() }
        var last: VirtualConnectionRef?
        for _ in 0..<8 { last = table.allocate() }
        #expect(last != nil)
        let refused = table.allocate()
        #expect(refused == nil)
        if let last { table.free(last) }
        let again = table.allocate()
        #expect(again != nil)
    }
}
