import Glibc
import Testing

@testable import HawseWire

@Suite struct IPAddressTests {
    /// Text and its canonical form; `nil`: not an address.
    static let table: [(text: String, canonical: String?)] = [
        ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("10.0.0.1", "10.0.0.1"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("fe80::1", "fe80::1"), ("FE80::00aB", "fe80::ab"),
        ("::ffff:1.2.3.4", "::ffff:1.2.3.4"), ("::ffff:102:304", "::ffff:1.2.3.4"),
        ("::1.2.3.4", "::1.2.3.4"), ("::2", "::2"), ("::1:2", "::0.1.0.2"),
        ("::ffff:0:1:2", "::ffff:0:1:2"), ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:0:0:2:3:0:0:4", "1::2:3:0:0:4"),
        ("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("f:f:f:f:f:f:f:f", "f:f:f:f:f:f:f:f"),
        ("", nil), (":", nil), (":::", nil), ("1:", nil), (":1", nil), ("::1::", nil), ("1::2::3", nil),
        ("12345::", nil), ("1:2:3:4:5:6:7", nil), ("1:2:3:4:5:6:7:8:9", nil), ("1::2:3:4:5:6:7:8", nil),
        ("::1.2.3", nil), ("::1.2.3.4.5", nil), ("::1.2.3.256", nil), ("1.2.3.4::", nil),
        ("::1.2.3.4:5", nil), ("g::", nil), ("fe80::1%eth0", nil), ("[::1]", nil), (" ::1", nil),
        ("1:2:3:4:5:6:7:1.2.3.4", nil), ("1.2.3", nil), ("1.2.3.", nil), (".1.2.3", nil), ("1..2.3", nil),
        ("1.2.3.4.", nil), ("256.1.1.1", nil), ("01.2.3.4", nil), ("1.2.3.00", nil), ("1.2.3.4 ", nil),
        ("+1.2.3.4", nil), ("0x1.2.3.4", nil), ("1.2.3.1000", nil), ("localhost", nil),
    ]

    @Test(arguments: table)
    func text(_ row: (text: String, canonical: String?)) {
        let address = IPAddress(row.text)
        #expect(address?.description == row.canonical)
        #expect((Self.libraryParse(row.text) == nil) == (row.canonical == nil))
        if let address { #expect(IPAddress(address.description) == address) }
    }

    /// glibc's opinion: the address's bytes.
    static func libraryParse(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if text.contains(":") { return inet_pton(AF_INET6, text, &bytes) == 1 ? bytes : nil }
        return inet_pton(AF_INET, text, &bytes) == 1 ? Array(bytes[..<4]) : nil
    }

    static func libraryPrint(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: 64)
        _ = inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, 64)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    @Test func printsAsTheLibraryDoes() {
        var random = SplitMix(state: 1)
        for round in 0..<20_000 {
            var bytes = random.bytes(round % 5 == 0 ? 4 : 16)
            // Zero runs of every position and length are what the printing rules are about.
            let mask = random.next()
            for i in bytes.indices where mask >> UInt64(i / 2) & 1 == 1 { bytes[i] = 0 }
            if bytes.count == 16, round % 7 == 0 { for i in 0..<10 { bytes[i] = 0 } }
            if bytes.count == 16, round % 21 == 0 { for i in 10..<12 { bytes[i] = 0xff } }
            let address = IPAddress(bytes: bytes)
            #expect(address?.bytes == bytes)
            #expect(address?.description == Self.libraryPrint(bytes))
            #expect(address.flatMap { IPAddress($0.description) } == address)
        }
    }

    @Test func acceptsWhatTheLibraryAccepts() {
        var random = SplitMix(state: 2)
        let alphabet = Array("0123456789abcdefA:::...12:")
        var accepted = 0
        for round in 0..<60_000 {
            var characters: [Character]
            if round % 2 == 0 {
                let count = Int.random(in: 1...18, using: &random)
                characters = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? "0" }
            } else {
                characters = Array(Self.libraryPrint(random.bytes(round % 4 == 1 ? 4 : 16)))
                let at = Int.random(in: 0..<characters.count, using: &random)
                characters[at] = alphabet.randomElement(using: &random) ?? ":"
            }
            let text = String(characters)
            let expected = Self.libraryParse(text)
            if expected != nil { accepted += 1 }
            #expect(IPAddress(text)?.bytes == expected, "\(text)")
        }
        #expect(accepted > 1000)
    }

    @Test func classes() throws {
        let loopback = try #require(IPAddress("127.9.9.9"))
        #expect(loopback.isLoopback && !loopback.isMulticast && !loopback.isLinkLocal)
        #expect(IPAddress("::1")?.isLoopback == true)
        #expect(IPAddress("::2")?.isLoopback == false)
        #expect(IPAddress("224.0.0.1")?.isMulticast == true)
        #expect(IPAddress("ff02::1")?.isMulticast == true)
        #expect(IPAddress("febf::1")?.isLinkLocal == true)
        #expect(IPAddress("fec0::1")?.isLinkLocal == false)
        #expect(IPAddress("169.254.1.1")?.isLinkLocal == true)
        #expect(IPAddress("::")?.isUnspecified == true)
        #expect(IPAddress("10.0.0.1")?.description(port: 80) == "10.0.0.1:80")
        #expect(IPAddress("fd00::1")?.description(port: 80) == "[fd00::1]:80")
        #expect(IPAddress(bytes: [1, 2, 3]) == nil)
    }
}

@Suite struct AddressBitsTests {
    @Test func masks() {
        for length in 0...32 {
            let mask = AddressBits.mask(prefixLength: length, family: .ipv4)
            #expect(mask.ipv4.nonzeroBitCount == length && mask.high == 0 && mask.low >> 32 == 0)
            #expect(mask.prefixLength(family: .ipv4) == length)
        }
        for length in 0...128 {
            let mask = AddressBits.mask(prefixLength: length, family: .ipv6)
            #expect(mask.high.nonzeroBitCount + mask.low.nonzeroBitCount == length)
            #expect(mask.prefixLength(family: .ipv6) == length)
        }
        #expect(AddressBits(ipv4: 0xff00_ff00).prefixLength(family: .ipv4) == nil)
        #expect(AddressBits(high: 1, low: 0).prefixLength(family: .ipv6) == nil)
    }

    @Test func arithmetic() {
        #expect(AddressBits(high: 1, low: .max).adding(1) == AddressBits(high: 2, low: 0))
        #expect(AddressBits(high: .max, low: .max).adding(2) == AddressBits(high: 0, low: 1))
        #expect(AddressBits(high: 1, low: 0) > AddressBits(high: 0, low: .max))
        let words = AddressBits(high: 0x2001_0db8_0000_0001, low: 0x0203_0405_0607_0809).words
        #expect(words == (0x2001_0db8, 1, 0x0203_0405, 0x0607_0809))
    }
}
