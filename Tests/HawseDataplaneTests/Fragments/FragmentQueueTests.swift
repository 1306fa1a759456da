import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct FragmentQueueTests {
    private func queue() -> FragmentQueue {
        FragmentQueue(
            key: FragmentKey(
                source: .zero, destination: .zero, identification: 1, ipProtocol: .udp, version: 4, user: .conntrackIn,
                interface: 0))
    }

    @Test func duplicatesAndOverlaps() {
        var queue = queue()
        #expect(queue.insert(offset: 0, end: 1000) == .ok)
        #expect(queue.insert(offset: 0, end: 1000) == .duplicate)
        #expect(queue.insert(offset: 8, end: 16) == .duplicate)
        #expect(queue.insert(offset: 2000, end: 3000) == .ok)
        #expect(queue.insert(offset: 1000, end: 2000) == .ok)
        #expect(queue.insert(offset: 992, end: 2000) == .overlap)
        #expect(queue.insert(offset: 2992, end: 4000) == .overlap)
        #expect(queue.insert(offset: 3000, end: 4000) == .ok)
    }

    @Test func ecnCodePoints() {
        var queue = queue()
        for (seen, result) in [(UInt8(1), UInt8?(0)), (2, 0), (4, 0), (8, 0), (12, 3), (10, 3), (14, 3), (3, nil), (9, nil)] {
            queue.ecn = seen
            #expect(queue.combinedECN == result)
        }
    }

    /// The fragments of a datagram of `total` payload bytes, cut at `size`.
    private func fragments(_ total: Int, _ size: Int, identification: UInt16) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var at = 0
        while at < total {
            let count = min(size, total - at)
            var bytes = [UInt8](repeating: 0, count: 20 + count)
            for i in 0..<count { bytes[20 + i] = UInt8(truncatingIfNeeded: (at + i) &* 7) }
            bytes.withUnsafeMutableBytes { raw in
                guard let base = raw.baseAddress else { return }
                let ip = IPv4Header(base)
                ip.versionAndLength = 0x45
                ip.totalLength = UInt16(20 + count)
                ip.identification = identification
                ip.fragmentField = UInt16(at / 8) | (at + count < total ? 0x2000 : 0)
                ip.ttl = 64
                ip.protocolNumber = .udp
                ip.source = 1
                ip.destination = 2
                ip.storeChecksum()
            }
            result.append(bytes)
            at += count
        }
        return result
    }

    @Test func anyOrderGivesTheDatagram() throws {
        let dataplane = try Dataplane(NodeSpec(name: "n"), seed: 1)
        let walk = Walk<Plain>(node: dataplane.node)
        var chance = RandomStream(seed: 9, purpose: "order")
        for round in 0..<200 {
            let total = 100 + Int(chance.below(5000))
            let size = 8 * (1 + Int(chance.below(150)))
            var pieces = fragments(total, size, identification: UInt16(round))
            let expected = pieces.map { UInt16($0.count - 20) }
            pieces.shuffle(using: &chance)
            for (i, bytes) in pieces.enumerated() {
                let taken = dataplane.node.pointee.pool.take(bytes: bytes.count)
        let packet = try #require(taken)
                bytes.withUnsafeBytes { packet.fill(frame: $0, linkLength: 0) }
                #expect(packet.dissect() == .ok)
                let verdict = walk.defragment(packet, at: .prerouting)
                if i < pieces.count - 1 {
                    #expect(verdict == .stolen)
                    continue
                }
                #expect(verdict == .accept && packet.transportLength == total)
                #expect((0..<total).allSatisfy { packet.transportPointer.load8(at: $0) == UInt8(truncatingIfNeeded: $0 &* 7) })
                let sizes = dataplane.node.pointee.reassembly.sizes(packet.pointee.fragmentGeometry)
                #expect(sizes == (pieces.count > 1 ? expected : []))
                walk.finish(packet)
            }
            #expect(dataplane.node.pointee.reassembly.heldCount == 0)
        }
    }

    /// Thirty seconds, and what the timer wheel adds in steps of 512 ticks (`ipvs-live/fragments-given-up`): at 131.072 s.
    @Test func incompleteDatagramsGoAfterThirtySeconds() throws {
        let dataplane = try Dataplane(NodeSpec(name: "n"), seed: 1)
        let walk = Walk<Plain>(node: dataplane.node)
        dataplane.advance(to: Instant(seconds: 100))
        let piece = fragments(2000, 1000, identification: 1)[0]
        let taken = dataplane.node.pointee.pool.take(bytes: piece.count)
        let packet = try #require(taken)
        piece.withUnsafeBytes { packet.fill(frame: $0, linkLength: 0) }
        #expect(packet.dissect() == .ok && walk.defragment(packet, at: .prerouting) == .stolen)
        dataplane.advance(to: Instant(seconds: 131))
        #expect(dataplane.node.pointee.reassembly.heldCount == 1)
        dataplane.advance(to: Instant(seconds: 131) + .milliseconds(72))
        #expect(dataplane.node.pointee.reassembly.heldCount == 0)
    }
}
