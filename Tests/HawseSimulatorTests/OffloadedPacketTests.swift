import Foundation
import HawseCapture
import HawseFormats
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// Captures from the node itself or from a veth: what a device was left to do, and what the node itself had sent on.
@Suite struct OffloadedPacketTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/pcaps/cases/nat/dnat-masquerade-v4"

    private struct Frame {
        var bytes: [UInt8]
        var time: Int64
        /// Offset of the transport header, and the bytes of header and payload.
        var transport: Int { 14 + Int(bytes[14] & 15) * 4 }
        var segmentLength: Int { (Int(bytes[16]) << 8 | Int(bytes[17])) - (transport - 14) }
        var isTCP: Bool { bytes[12] == 8 && bytes[13] == 0 && bytes[23] == 6 }
        var address: (IPAddress?, IPAddress?) { (IPAddress(bytes: bytes[26..<30]), IPAddress(bytes: bytes[30..<34])) }

        /// What `tcp_v4_send_check` leaves to the device: the pseudo header's sum.
        mutating func leaveChecksum() {
            let sum = (26..<34).reduce(6 + segmentLength) { $0 + (($1 & 1 == 0) ? Int(bytes[$1]) << 8 : Int(bytes[$1])) }
            let folded = (sum & 0xffff) + (sum >> 16)
            let value = (folded & 0xffff) + (folded >> 16)
            bytes[transport + 16] = UInt8(value >> 8)
            bytes[transport + 17] = UInt8(value & 255)
        }

        func hasRightChecksum() -> Bool {
            guard let source = address.0, let destination = address.1 else { return false }
            return bytes.withUnsafeBytes { raw in
                raw.baseAddress.map {
                    TransportChecksum.isValid(
                        $0 + transport, length: segmentLength, protocolNumber: .tcp, family: .ipv4, source: source.bits,
                        destination: destination.bits)
                } ?? false
            }
        }
    }

    private static func frames() throws -> [Frame] {
        var reader = try CaptureReader(path: folder + "/in/eth1.pcap")
        var frames: [Frame] = []
        while let record = try reader.next() { frames.append(Frame(bytes: Array(record.bytes), time: record.timestamp)) }
        return frames
    }

    /// What leaves the node, by both of the ways records go in: one at a time, or many.
    private static func play(_ frames: [Frame], inBatches: Bool) throws -> (replay: NodeReplay, outputs: [[UInt8]]) {
        var notes: [String] = []
        let replay = try #require(try NodeReplay(try NodeDirectory.load(folder, notes: &notes), seed: 1, entry: .automatic))
        var writer = try PcapWriter(to: .memory)
        for frame in frames { try frame.bytes.withUnsafeBytes { try writer.write($0, timestamp: frame.time) } }
        try writer.close()
        let file = writer.takeBytes()
        try file.withUnsafeBytes { bytes in
            var reader = try CaptureReader(memory: bytes, name: "memory")
            while let record = try reader.next() {
                guard inBatches else {
                    replay.feed(record, captureInterface: "eth1")
                    continue
                }
                withUnsafePointer(to: record) { pointer in
                    replay.feed(UnsafeBufferPointer(start: pointer, count: 1)) { _ in CaptureInterface(name: "eth1") }
                }
            }
        }
        var outputs: [[UInt8]] = []
        replay.dataplane.takeOutputs { outputs.append(Array($0.bytes)) }
        return (replay, outputs)
    }

    @Test(arguments: [false, true]) func aChecksumLeftToTheDeviceIsAsGoodAsTheRightOne(inBatches: Bool) throws {
        let right = try Self.frames()
        var left = right
        for index in left.indices where left[index].isTCP { left[index].leaveChecksum() }
        #expect(left.map(\.bytes) != right.map(\.bytes))
        let outputs = try Self.play(right, inBatches: inBatches).outputs
        #expect(outputs.count == right.count)
        #expect(try Self.play(left, inBatches: inBatches).outputs == outputs)
    }

    @Test(arguments: [false, true]) func aWrongChecksumStaysWrong(inBatches: Bool) throws {
        let right = try Self.frames()
        var wrong = right
        for index in wrong.indices where wrong[index].isTCP { wrong[index].bytes[wrong[index].transport + 16] ^= 0x5a }
        let outputs = try Self.play(right, inBatches: inBatches).outputs
        #expect(try Self.play(wrong, inBatches: inBatches).outputs != outputs)
    }

    @Test(arguments: [false, true]) func whatTheNodeHadSentIsLeftOut(inBatches: Bool) throws {
        var frames = try Self.frames()
        for index in frames.indices { frames[index].bytes.replaceSubrange(6..<12, with: [2, 0, 0, 0, 1, 2]) }
        let (replay, outputs) = try Self.play(frames, inBatches: inBatches)
        #expect(outputs.isEmpty)
        #expect(replay.own == frames.count)
        #expect(replay.entered == 0)
    }

    /// `tcp_gso_segment`: equal headers but for length, identification, sequence number, FIN and PSH.
    @Test(arguments: [false, true]) func aSegmentOfSeveralIsCutAsTheDeviceCutsIt(inBatches: Bool) throws {
        var frames = Array(try Self.frames().filter(\.isTCP).prefix(2))
        let payload = (0..<4000).map { UInt8(truncatingIfNeeded: $0) }
        var long = try #require(frames.last)
        let header = long.transport + Int(long.bytes[long.transport + 12] >> 4) * 4
        long.bytes = Array(long.bytes[..<header]) + payload
        long.bytes[16] = UInt8((long.bytes.count - 14) >> 8)
        long.bytes[17] = UInt8((long.bytes.count - 14) & 255)
        long.bytes[long.transport + 13] = 0x18
        long.bytes.withUnsafeMutableBytes { raw in raw.baseAddress.map { IPv4Header($0 + 14).storeChecksum() } }
        long.leaveChecksum()
        frames[1] = long
        let (replay, outputs) = try Self.play(frames, inBatches: inBatches)
        #expect(replay.entered == 4)
        let segments = outputs.dropFirst().map { Frame(bytes: $0, time: 0) }
        #expect(segments.map(\.bytes.count) == [1514, 1514, 14 + (header - 14) + 4000 - 2 * (1500 - (header - 14))])
        #expect(segments.flatMap { Array($0.bytes[header...]) } == payload)
        #expect(segments.map { $0.bytes[$0.transport + 13] } == [0x10, 0x10, 0x18])
        #expect(segments.allSatisfy { $0.hasRightChecksum() })
        let numbers = segments.map { $0.bytes[($0.transport + 4)..<($0.transport + 8)].reduce(0) { $0 << 8 | UInt32($1) } }
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 &- $0 == UInt32(1500 - (header - 14)) })
    }

    /// A cluster takes it in the pieces that the pod's device takes (1450 bytes behind a VXLAN).
    @Test func aSegmentOfSeveralEntersAClusterInPieces() throws {
        let cluster = SmallCluster.cluster(try SmallCluster.plan(SmallCluster.vxlan))
        let replay = ClusterReplay(cluster, directory: ServiceDirectory())
        var arrived: [Frame] = []
        replay.onArrival = { endpoint, bytes in if case .pod(2) = endpoint { arrived.append(Frame(bytes: bytes, time: 0)) } }
        var long = try #require(try Self.frames().first(where: \.isTCP))
        let header = long.transport + 20
        let payload = (0..<4000).map { UInt8(truncatingIfNeeded: $0 / 3) }
        long.bytes = Array(long.bytes[..<header]) + payload
        long.bytes.replaceSubrange(26..<34, with: [10, 244, 1, 10, 10, 244, 2, 10])
        (long.bytes[16], long.bytes[17]) = (UInt8((long.bytes.count - 14) >> 8), UInt8((long.bytes.count - 14) & 255))
        (long.bytes[long.transport + 12], long.bytes[long.transport + 13]) = (0x50, 0x18)
        long.bytes.withUnsafeMutableBytes { raw in raw.baseAddress.map { IPv4Header($0 + 14).storeChecksum() } }
        long.leaveChecksum()
        var writer = try PcapWriter(to: .memory)
        try long.bytes.withUnsafeBytes { try writer.write($0, timestamp: 1_700_000_000_000_000_000) }
        try writer.close()
        try writer.takeBytes().withUnsafeBytes { bytes in
            var reader = try CaptureReader(memory: bytes, name: "memory")
            while let record = try reader.next() { replay.feed(record) }
        }
        cluster.advance(to: cluster.now + .seconds(1))
        #expect(arrived.map(\.bytes.count) == [1464, 1464, 14 + 40 + 4000 - 2 * 1410])
        #expect(arrived.flatMap { Array($0.bytes[header...]) } == payload)
        #expect(arrived.allSatisfy { $0.hasRightChecksum() })
    }
}
