import Testing

@testable import HawseCapture

@Suite struct CaptureFilterTests {
    private func count(_ expression: String, _ name: String) throws -> Int {
        var reader = try CaptureReader(path: CaptureSamples.path(name))
        var filters = try CaptureFilterSet(expression)
        var matched = 0
        while let record = try reader.next() {
            if try filters.matches(record) { matched += 1 }
        }
        return matched
    }

    @Test func selectsAsTcpdumpDoes() throws {
        let wikipedia = "samples/http/zeek--wikipedia.pcap"
        #expect(try count("", wikipedia) == 136)
        #expect(try count("udp port 53", wikipedia) == 28)
        #expect(try count("tcp", wikipedia) == 78)
        #expect(try count("ip6", wikipedia) == 5)
        #expect(try count("udp port 8472", "samples/vxlan/tcpdump--vxlan_port_8472.pcap") == 10)
    }

    @Test func compilesForEachLinkTypeOfACapture() throws {
        let mixed = "samples/formats/pcapplusplus--many_interfaces-1.pcapng"
        #expect(try count("ip", mixed) == 64)
        #expect(try count("tcp", mixed) == 32)
    }

    @Test func errorsAreLibpcaps() {
        #expect(
            throws: CaptureFilterError(
                expression: "tcp prot 80", linkType: .ethernet,
                reason: "can't parse filter expression: syntax error")
        ) { try CaptureFilter("tcp prot 80") }
        #expect(throws: CaptureFilterError.self) {
            try CaptureFilter("ether host 00:00:00:00:00:01", linkType: .raw)
        }
    }

    @Test func onePieceIsSharedByThreads() async throws {
        let filter = try CaptureFilter("tcp port 80")
        let packets = ReadCapture.ours(CaptureSamples.path("samples/http/zeek--wikipedia.pcap")).packets
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    packets.count { packet in
                        packet.bytes.withUnsafeBytes {
                            filter.matches($0, originalLength: packet.originalLength)
                        }
                    }
                }
            }
            return await group.reduce(into: Set<Int>()) { $0.insert($1) }
        }
        #expect(counts == [78])
    }
}
