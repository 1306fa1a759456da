import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct FTPCommandTests {
    private func search(_ line: String, _ direction: Direction, version: UInt8 = 4) -> FTPCommand.Search {
        let bytes = Array(line.utf8)
        return bytes.withUnsafeBufferPointer {
            FTPCommand.search($0, direction, version: version, own: AddressBits(ipv4: 0x0102_0304))
        }
    }

    @Test(arguments: [
        ("PORT 192,168,1,2,5,6\r\n", Direction.original, UInt32(0xc0a8_0102), UInt16(0x506), "192,168,1,2,5,6"),
        ("port 10,0,0,1,255,255\r\n", .original, 0x0a00_0001, 65535, "10,0,0,1,255,255"),
        ("EPRT |1|132.235.1.2|6275|\r\n", .original, 0x84eb_0102, 6275, "|1|132.235.1.2|6275|"),
        ("227 Entering Passive Mode (10,1,2,3,4,5).\r\n", .reply, 0x0a01_0203, 0x405, "10,1,2,3,4,5"),
        ("227 =10,1,2,3,4,5\r\n", .reply, 0x0a01_0203, 0x405, "10,1,2,3,4,5"),
        ("229 Entering Extended Passive Mode (|||6446|)\r\n", .reply, 0x0102_0304, 6446, "|||6446|"),
    ])
    func findsTheNumbers(_ line: String, _ direction: Direction, _ address: UInt32, _ port: UInt16, _ numbers: String) {
        guard case .found(let command) = search(line, direction) else {
            Issue.record("not found in \(line)")
            return
        }
        #expect(command.address == AddressBits(ipv4: address) && command.port == port)
        #expect(Array(line.utf8)[command.offset..<(command.offset + command.count)].elementsEqual(numbers.utf8))
        #expect(FTPCommand.text(command.kind, command.address, command.port, version: 4) == Array(numbers.utf8))
    }

    @Test(arguments: ["USER me\r\n", "PORTX\r\n", "226 Transfer complete.\r\n", "QUIT"])
    func othersAreNothing(_ line: String) {
        if case .found = search(line, .original) { Issue.record("found in \(line)") }
        if case .found = search(line, .reply) { Issue.record("found in \(line)") }
    }

    @Test(arguments: ["PO", "PORT", "PORT 1,2,3", "PORT 1,2,3,4,5,6", "EPRT |1|1.2.3.4|", "EPRT |2|::1|99|\r\n"])
    func halfACommandIsPartial(_ line: String) {
        guard case .partial = search(line, .original) else {
            Issue.record("not partial: \(line)")
            return
        }
    }

    @Test func extendedIPv6() {
        guard case .found(let command) = search("EPRT |2|3ffe::1|6275|\r\n", .original, version: 6) else {
            Issue.record("not found")
            return
        }
        #expect(command.address == AddressBits(high: 0x3ffe_0000_0000_0000, low: 1) && command.port == 6275)
        #expect(
            FTPCommand.text(.eprt, command.address, 80, version: 6)
                == Array("|2|3ffe:0000:0000:0000:0000:0000:0000:0001|80|".utf8))
    }

    @Test func anyBytesAreSafe() {
        var state: UInt64 = 42
        let pieces: [String] = ["PORT ", "EPRT ", "227 ", "229 ", "|", "(", ",", "1", "255", "::", "\r", "\n", "x", "9999999999"]
        for _ in 0..<5000 {
            var line = ""
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1
                line += pieces[Int(state >> 33) % pieces.count]
            }
            for direction in [Direction.original, .reply] {
                for version in [UInt8(4), 6] {
                    if case .found(let command) = search(line, direction, version: version) {
                        #expect(command.offset + command.count <= line.utf8.count)
                    }
                }
            }
        }
    }

    @Test func sequenceAdjustment() {
        var adjust = SequenceAdjustment()
        adjust.note(1000, change: 3)
        #expect(adjust.offset(at: 1000) == 0 && adjust.offset(at: 1001) == 3)
        adjust.note(2000, change: -1)
        #expect(adjust.offset(at: 1500) == 3 && adjust.offset(at: 2001) == 2)
        // The peer acknowledges 2013 of the shifted numbers.
        #expect(adjust.acknowledgementOffset(at: 2013) == 2)
        #expect(adjust.acknowledgementOffset(at: 1900) == 3)
    }
}
