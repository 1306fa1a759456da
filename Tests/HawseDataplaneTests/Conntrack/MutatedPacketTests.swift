import Foundation
import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// Recorded frames with bytes changed, cut and lengthened, through a router that tracks, translates and puts fragments
/// together: nothing may trap, and nothing may be held for ever.
@Suite struct MutatedPacketTests {
    private static let rules4 = """
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -d 10.96.0.10/32 -j DNAT --to-destination 192.0.2.20-192.0.2.23
        -A POSTROUTING -o eth0 -j MASQUERADE --random
        COMMIT

        """
    private static let rules6 = """
        *nat
        :PREROUTING ACCEPT [0:0]
        :INPUT ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -d fd00:96::a/128 -j DNAT --to-destination 2001:db8:f::14-2001:db8:f::17
        -A POSTROUTING -o eth0 -j MASQUERADE
        COMMIT

        """

    private func router() throws -> Dataplane {
        var spec = NodeSpec(name: "router")
        func prefixes(_ texts: [String]) throws -> [IPPrefix] { try texts.map { try #require(IPPrefix($0)) } }
        spec.interfaces = [
            InterfaceSpec(
                name: "eth0", mac: MACAddress(0x0200_0000_0101), addresses: try prefixes(["192.0.2.1/24", "2001:db8:f::1/64"])),
            InterfaceSpec(
                name: "eth1", mac: MACAddress(0x0200_0000_0102), addresses: try prefixes(["10.1.0.1/24", "2001:db8:1::1/64"])),
        ]
        spec.sysctls = Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1", "net.netfilter.nf_conntrack_max": "500",
            "net.netfilter.nf_conntrack_checksum": "0",
        ])
        spec.iptables = try IPTablesParser(family: .ipv4).parse(Self.rules4)
        spec.ip6tables = try IPTablesParser(family: .ipv6).parse(Self.rules6)
        return try Dataplane(spec, seed: 3)
    }

    private func frames() throws -> [[UInt8]] {
        let root = TrackerReplayTests.root
        var frames: [[UInt8]] = []
        for suite in [root, root + "/../nat"] {
            for name in try FileManager.default.contentsOfDirectory(atPath: suite).sorted() {
                frames += readPcap(suite + "/" + name + "/in/eth1.pcap").map(\.bytes)
            }
        }
        return frames
    }

    private func mutated(_ frame: [UInt8], _ chance: inout RandomStream) -> [UInt8] {
        var bytes = frame
        for _ in 0..<chance.below(4) where bytes.count > 14 {
            let at = 14 + Int(chance.below(UInt32(min(bytes.count - 14, 80))))
            switch chance.below(4) {
            case 0: bytes[at] = UInt8(chance.below(256))
            case 1: bytes[at] ^= 1 << UInt8(chance.below(8))
            case 2: bytes.removeLast(min(Int(chance.below(40)), bytes.count - 14))
            default: bytes += [UInt8](repeating: UInt8(chance.below(256)), count: Int(chance.below(20)))
            }
        }
        // A right IPv4 header checksum lets the damage in.
        if bytes.count >= 34, bytes[12] == 8, bytes[14] >> 4 == 4, Int(bytes[14] & 15) * 4 + 14 <= bytes.count,
            bytes[14] & 15 >= 5
        {
            bytes.withUnsafeMutableBytes { raw in
                if let base = raw.baseAddress { IPv4Header(base + 14).storeChecksum() }
            }
        }
        return bytes
    }

    @Test func nothingTraps() throws {
        let dataplane = try router()
        let eth0 = try #require(dataplane.interfaceIndex("eth0"))
        let eth1 = try #require(dataplane.interfaceIndex("eth1"))
        let frames = try frames()
        try #require(frames.count > 300)
        var chance = RandomStream(seed: 11, purpose: "mutation")
        var now = Instant(seconds: 1_700_000_000)
        for _ in 0..<30_000 {
            now = now + Int64(chance.below(20_000_000))
            let frame = mutated(frames[Int(chance.below(UInt32(frames.count)))], &chance)
            let interface = chance.below(5) == 0 ? eth0 : eth1
            frame.withUnsafeBytes { dataplane.receive($0, on: interface, at: now) }
            dataplane.takeOutputs { _ in }
        }
        #expect(dataplane.connectionUsage.count <= 500)
        dataplane.advance(to: now + .seconds(3600))
        dataplane.takeOutputs { _ in }
        #expect(dataplane.node.pointee.reassembly.heldCount == 0)
        dataplane.flushConnections()
        #expect(dataplane.connectionUsage.count == 0)
        #expect(dataplane.node.pointee.pool.live == 0)
    }
}
