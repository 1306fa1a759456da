import Testing

@testable import HawseCapture

@Suite struct LinkPayloadTests {
    private static let ipv4: [UInt8] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]
    private static let ipv6: [UInt8] = [0x60] + [UInt8](repeating: 0, count: 39)

    private func payload(_ type: LinkType, _ bytes: [UInt8]) -> LinkPayload {
        bytes.withUnsafeBytes { type.payload(of: $0) }
    }

    private static let headers: [(LinkType, [UInt8], [UInt8], UInt16)] = [
        (.raw, [], ipv4, 0x0800), (.raw, [], ipv6, 0x86dd), (.ipv4, [], ipv4, 0x0800),
        (.ipv6, [], ipv6, 0x86dd),
        (LinkType(rawValue: 12), [], ipv4, 0x0800),
        (.null, [2, 0, 0, 0], ipv4, 0x0800), (.null, [0, 0, 0, 2], ipv4, 0x0800),
        (.null, [30, 0, 0, 0], ipv6, 0x86dd), (.null, [0, 0, 0, 24], ipv6, 0x86dd),
        (.loop, [0, 0, 0, 28], ipv6, 0x86dd),
        (.linuxSLL, [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0], ipv4, 0x0800),
        (.linuxSLL, [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0x81, 0, 0, 5, 0x86, 0xdd], ipv6, 0x86dd),
        (.linuxSLL2, [0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0], ipv6, 0x86dd),
        (.ppp, [0xff, 3, 0, 0x21], ipv4, 0x0800), (.ppp, [0x21], ipv4, 0x0800),
        (.ppp, [0, 0x57], ipv6, 0x86dd),
        (.pppHDLC, [0x0f, 0, 8, 0], ipv4, 0x0800), (.pppWithDirection, [1, 0xff, 3, 0, 0x21], ipv4, 0x0800),
        (.pppEthernet, [0x11, 0, 0, 7, 0, 22, 0, 0x21], ipv4, 0x0800),
        (.ciscoHDLC, [0x8f, 0, 0x86, 0xdd], ipv6, 0x86dd),
        (.atmRFC1483, [0xaa, 0xaa, 3, 0, 0, 0, 8, 0], ipv4, 0x0800),
        (.enc, [2, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0], ipv4, 0x0800),
        (
            .nflog, [2, 0, 0, 0, 8, 0, 1, 0, 8, 0, 1, 0, 5, 0, 10, 0, 0x61, 0, 0, 0, 24, 0, 9, 0], ipv4,
            0x0800
        ),
    ]

    @Test(arguments: headers.indices)
    func findsThePacketBehindItsHeader(_ index: Int) {
        let (type, header, packet, etherType) = Self.headers[index]
        let found = payload(type, header + packet)
        #expect(found.kind == .ip)
        #expect(found.offset == header.count)
        #expect(found.etherType == etherType)
        #expect(found.refusal == .none)
        // Every shorter capture is answered, never read past its end.
        for length in 0..<header.count {
            #expect(payload(type, Array(header.prefix(length))).kind == .unsupported)
        }
    }

    @Test func ethernetStaysAsItIs() {
        let frame = payload(.ethernet, [UInt8](repeating: 0, count: 12) + [0x86, 0xdd])
        #expect(frame.kind == .ethernet)
        #expect(frame.offset == 0)
        #expect(frame.etherType == 0x86dd)
        #expect(payload(.ethernet, [1, 2, 3]).etherType == 0)
    }

    @Test func refusalsSayWhy() {
        #expect(payload(LinkType(rawValue: 105), [8, 0]).refusal == .linkType)
        #expect(payload(.raw, []).refusal == .truncated)
        #expect(payload(.raw, [0x20, 0]).refusal == .notIP)
        let arp = payload(.linuxSLL, [0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 6, 0, 1])
        #expect(arp.refusal == .notIP)
        #expect(arp.etherType == 0x0806)
        #expect(payload(.null, [7, 0, 0, 0, 0x45]).refusal == .notIP)
        #expect(payload(.nflog, [2, 0, 0, 0, 3, 0, 9, 0]).refusal == .truncated)
    }

    @Test func everyMalformedPacketIsAnswered() {
        var kinds: [LinkPayload.Kind: Int] = [:]
        for name in CaptureSamples.malformed {
            for packet in ReadCapture.ours(CaptureSamples.path(name)).packets {
                let found = payload(packet.linkType, packet.bytes)
                kinds[found.kind, default: 0] += 1
                #expect(found.offset <= packet.bytes.count)
            }
        }
        #expect(kinds[.ethernet, default: 0] > 1000)
        #expect(kinds[.ip, default: 0] > 50)
        #expect(kinds[.unsupported, default: 0] > 50)
    }

    @Test func namesAreLibpcaps() {
        #expect("\(LinkType.ethernet)" == "EN10MB")
        #expect("\(LinkType.raw)" == "RAW")
        #expect("\(LinkType.linuxSLL2)" == "LINUX_SLL2")
        #expect("\(LinkType(rawValue: 60_000))" == "LINKTYPE 60000")
    }
}
