import AllocationCount
import Hawse
import Testing

/// A warm node allocates nothing for packets of known flows, however many come.
@Suite struct AllocationTests {
    @Test func countingWorks() {
        let before = hawse_allocation_count()
        withExtendedLifetime([UInt8](repeating: 1, count: 100_000)) {}
        #expect(before < 0 || hawse_allocation_count() > before)
    }

    @Test(arguments: [[], [.ipv6], [.overlay], [.ipvs], [.ipvs, .overlay]] as [GeneratedTraffic.Kind])
    func warmPacketsAllocateNothing(_ kind: GeneratedTraffic.Kind) throws {
        let traffic = try GeneratedTraffic(steady: kind, flows: 50)
        #expect(traffic.steady.count == 100)
        let node = try Dataplane(GeneratedTraffic.spec(kind), seed: 5)
        let interfaces = ["eth0": try #require(node.interfaceIndex("eth0")), "eth1": try #require(node.interfaceIndex("eth1"))]
        var now = Instant(seconds: 1)
        for step in traffic.steps {
            now = step.time
            step.bytes.withUnsafeBytes { node.receive($0, on: interfaces[step.interface] ?? 0, at: step.time) }
        }
        node.takeOutputs { _ in }
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: traffic.steady.count * 256)
        defer { storage.deallocate() }
        var frames: [InputFrame] = []
        for (number, step) in traffic.steady.enumerated() {
            let place = storage + number * 256
            place.update(from: step.bytes, count: step.bytes.count)
            frames.append(
                InputFrame(
                    bytes: UnsafeRawBufferPointer(start: place, count: step.bytes.count),
                    interface: interfaces[step.interface] ?? 0, time: now))
        }
        let sent = node.outcomes.transmitted
        func play(_ rounds: Int) {
            for _ in 0..<rounds {
                frames.withUnsafeBufferPointer { node.receive($0) }
                node.takeOutputs { _ in }
            }
        }
        play(10)
        let before = hawse_allocation_count()
        play(100)
        let after = hawse_allocation_count()
        #expect(after == before, "\(after - before) allocations for 10000 packets")
        #expect(node.outcomes.transmitted - sent == 11_000, "\(node.outcomes)")
    }
}
