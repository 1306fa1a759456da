import Hawse

/// Drives one node: a router between two networks, one packet in, one packet out, its TTL one lower.
@main
struct Client {
    static func main() throws {
        try ClusterExample.run()
        var spec = NodeSpec(name: "router")
        spec.interfaces = [
            InterfaceSpec(
                name: "eth0", mac: MACAddress(0x0200_0000_0101), addresses: [IPPrefix(IPAddress(ipv4: 0xc000_0201), length: 24)]),
            InterfaceSpec(
                name: "eth1", mac: MACAddress(0x0200_0000_0102), addresses: [IPPrefix(IPAddress(ipv4: 0x0a01_0001), length: 24)]),
        ]
        spec.neighbors = [
            Neighbor(address: IPAddress(ipv4: 0xc000_0214), mac: MACAddress(0x0200_0000_0b14), device: "eth0")
        ]
        spec.sysctls["net.ipv4.ip_forward"] = "1"

        let node = try Dataplane(spec, seed: 1)
        let packet = datagram(from: 0x0a01_000a, to: 0xc000_0214, ttl: 64)
        guard let eth1 = node.interfaceIndex("eth1") else { fatalError("the node has no eth1") }
        packet.withUnsafeBytes { node.receive($0, on: eth1, at: Instant(seconds: 1)) }

        var seen: [(String, [UInt8])] = []
        node.takeOutputs { seen.append((node.interfaceName($0.interface), Array($0.bytes))) }
        guard seen.count == 1, seen[0].0 == "eth0", seen[0].1[22] == 63 else {
            fatalError("one frame with TTL 63 was to leave by eth0; got \(seen)")
        }
        try letTimePass(node, eth1)
        print("client: \(seen[0].1.count) bytes left by \(seen[0].0), TTL \(seen[0].1[22])")
    }

    /// The node's timers are the caller's business: it asks when the next is due and goes there. Nobody answers for
    /// 192.0.2.99, so after three questions a second apart the sender is told.
    static func letTimePass(_ node: Dataplane, _ eth1: UInt16) throws {
        let packet = datagram(from: 0x0a01_000a, to: 0xc000_0263, ttl: 64)
        packet.withUnsafeBytes { bytes in
            let frames = [InputFrame(bytes: bytes, interface: eth1, time: Instant(seconds: 2))]
            frames.withUnsafeBufferPointer { node.receive($0) }
        }
        var story: [String] = []
        func look() {
            node.takeOutputs { frame in
                story.append("\(node.interfaceName(frame.interface)) \(frame.bytes[12])\(frame.bytes[13]) \(frame.time.nanoseconds / 1_000_000_000)")
            }
        }
        look()
        while node.nextTimer < Instant(seconds: 10) {
            node.advance(to: node.nextTimer)
            look()
        }
        // Three questions (ARP is 0x0806); the host itself is not known either, so the answer to it begins with one more.
        guard story.prefix(4) == ["eth0 86 2", "eth0 86 3", "eth0 86 4", "eth1 86 5"] else {
            fatalError("questions at 2, 3 and 4 s and one for the sender at 5 s were to leave; got \(story)")
        }
    }

    /// An Ethernet frame with an empty UDP datagram in it.
    static func datagram(from source: UInt32, to destination: UInt32, ttl: UInt8) -> [UInt8] {
        var frame: [UInt8] = [2, 0, 0, 0, 1, 2, 2, 0, 0, 0, 10, 10, 8, 0]
        frame += [0x45, 0, 0, 28, 0, 1, 0, 0, ttl, 17, 0, 0]
        for word in [source, destination] { frame += (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) } }
        frame += [0x13, 0x88, 0, 53, 0, 8, 0, 0]
        var sum: UInt32 = 0
        for i in stride(from: 14, to: 34, by: 2) { sum += UInt32(frame[i]) << 8 | UInt32(frame[i + 1]) }
        while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
        frame[24] = UInt8(~sum >> 8 & 0xff)
        frame[25] = UInt8(~sum & 0xff)
        return frame
    }
}
