import Testing

@testable import HawseWire

@Suite struct IPPrefixTests {
    static let table: [(text: String, canonical: String?)] = [
        ("10.244.1.0/24", "10.244.1.0/24"), ("10.244.1.7", "10.244.1.7/32"), ("fd00::/8", "fd00::/8"),
        ("fd00::1", "fd00::1/128"), ("0.0.0.0/0", "0.0.0.0/0"), ("::/0", "::/0"),
        ("1.2.3.4/32", "1.2.3.4/32"), ("1.2.3.4/33", nil), ("::/129", nil), ("1.2.3.4/", nil), ("/8", nil),
        ("1.2.3.4/+8", nil), ("1.2.3.4/-1", nil), ("1.2.3.4/8/9", nil), ("1.2.3.4/a", nil), ("1.2.3/8", nil),
        ("1.2.3.4/9999999999999999999", nil), ("", nil),
    ]

    @Test(arguments: table)
    func text(_ row: (text: String, canonical: String?)) {
        #expect(IPPrefix(row.text)?.description == row.canonical)
    }

    @Test func containment() throws {
        let pods = try #require(IPPrefix("10.244.1.9/24"))
        #expect(pods.network.description == "10.244.1.0/24")
        #expect(pods.last.description == "10.244.1.255")
        for (text, inside) in [("10.244.1.0", true), ("10.244.1.255", true), ("10.244.2.0", false)] {
            #expect(pods.contains(try #require(IPAddress(text))) == inside)
        }
        // The same 32 bits as an IPv6 address are another address.
        #expect(!pods.contains(IPAddress(family: .ipv6, bits: pods.address.bits)))
        #expect(pods.contains(try #require(IPPrefix("10.244.1.128/25"))))
        #expect(!pods.contains(try #require(IPPrefix("10.244.0.0/16"))))
        #expect(IPPrefix.all(.ipv6).contains(try #require(IPAddress("ff02::1"))))
        #expect(try #require(IPPrefix("fd00::4/127")).last.description == "fd00::5")
        #expect(try #require(IPPrefix("fd00:0:0:4::/63")).last.description == "fd00::5:ffff:ffff:ffff:ffff")
    }
}

@Suite struct MACAddressTests {
    static let table: [(text: String, canonical: String?)] = [
        ("02:00:00:00:00:01", "02:00:00:00:00:01"), ("FF:ff:Ff:fF:FF:FF", "ff:ff:ff:ff:ff:ff"),
        ("2:0:0:0:0:a", "02:00:00:00:00:0a"), ("", nil), ("02:00:00:00:00", nil),
        ("02:00:00:00:00:01:02", nil), ("02:00:00:00:00:", nil), ("02-00-00-00-00-01", nil),
        ("02:00:00:00:00:0g", nil), ("02:00:00:00:00:-0", nil), ("02:00:00:00:00:+1", nil),
        ("02:00:00:00:00:001", nil),
    ]

    @Test(arguments: table)
    func text(_ row: (text: String, canonical: String?)) {
        #expect(MACAddress(row.text)?.description == row.canonical)
    }

    @Test func bits() {
        #expect(MACAddress(0xffff_ffff_ffff).isBroadcast && MACAddress(0x3333_0000_0001).isGroup)
        #expect(!MACAddress(0x0200_0000_0001).isGroup)
        #expect(MACAddress(0xabcd_0200_0000_0001) == MACAddress(0x0200_0000_0001))
        #expect(MACAddress(0x0200_0000_0101).linkLocal.description == "fe80::ff:fe00:101")
        #expect(MACAddress(0x5254_00ab_cdef).linkLocal.description == "fe80::5054:ff:feab:cdef")
    }
}
