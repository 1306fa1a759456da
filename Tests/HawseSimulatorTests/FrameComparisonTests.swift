import Testing

@testable import HawseSimulator

/// The comparer must be able to say no: each kind of difference is found, and only free fields are forgiven.
@Suite struct FrameComparisonTests {
    /// An Ethernet frame with a UDP datagram of `payload`, checksums right.
    static func frame(id: UInt8 = 1, port: UInt8 = 53, payload: [UInt8] = [1, 2, 3, 4]) -> [UInt8] {
        let total = UInt8(28 + payload.count)
        var ip: [UInt8] = [0x45, 0, 0, total, 0, id, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
        let header = ~FrameLayers.sum(ip)
        ip[10] = UInt8(truncatingIfNeeded: header >> 8)
        ip[11] = UInt8(truncatingIfNeeded: header)
        var udp: [UInt8] = [0x13, 0x88, 0, port, 0, UInt8(8 + payload.count), 0, 0] + payload
        let sum = ~FrameLayers.sum(Array(ip[12..<20]) + [0, 17, 0, UInt8(udp.count)] + udp)
        udp[6] = UInt8(truncatingIfNeeded: sum >> 8)
        udp[7] = UInt8(truncatingIfNeeded: sum)
        return [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0] + ip + udp
    }

    private func difference(_ a: [[UInt8]], _ b: [[UInt8]], _ free: [FreeField] = []) -> String? {
        FrameComparison.difference("eth0", expected: a, produced: b, free: free)
    }

    @Test func equalFramesAreEqual() {
        #expect(difference([Self.frame()], [Self.frame()]) == nil)
    }

    @Test func findsEachDifference() {
        #expect(difference([Self.frame()], [Self.frame(port: 54)])?.contains("frame 0") == true)
        #expect(difference([Self.frame()], [])?.contains("missing") == true)
        #expect(difference([], [Self.frame()])?.contains("extra") == true)
        #expect(difference([Self.frame(id: 1)], [Self.frame(id: 2)]) != nil)
    }

    @Test func freeFieldsAreForgivenOnlyWithRightChecksums() {
        let free = [FreeField(field: "ip-id")]
        #expect(difference([Self.frame(id: 1)], [Self.frame(id: 2)], free) == nil)
        var wrong = Self.frame(id: 2)
        wrong[24] ^= 1
        #expect(difference([Self.frame(id: 1)], [wrong], free)?.contains("checksum") == true)
    }

    @Test func rangesAreChecked() {
        let free = [FreeField(field: "destination-port", range: 50...60)]
        #expect(difference([Self.frame(port: 53)], [Self.frame(port: 60)], free) == nil)
        #expect(difference([Self.frame(port: 53)], [Self.frame(port: 61)], free)?.contains("outside") == true)
    }

    @Test func statesAreComparedByLine() {
        #expect(StateComparison.difference("conntrack", expected: "a\nb\n", produced: "b\na\n", free: []) == nil)
        #expect(StateComparison.difference("iptables.v4", expected: "a\nb\n", produced: "b\na\n", free: []) != nil)
        #expect(StateComparison.difference("conntrack", expected: "a\n", produced: "", free: []) != nil)
    }
}
