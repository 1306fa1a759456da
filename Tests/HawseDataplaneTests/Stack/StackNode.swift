import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// A node to throw frames at, and what comes out of it.
struct StackNode {
    let dataplane: Dataplane
    var now = Instant(seconds: 1_700_000_000)

    static let client = MACAddress(0x0200_0000_0a0a)
    static let server = MACAddress(0x0200_0000_0b14)
    static let eth0 = MACAddress(0x0200_0000_0101)
    static let eth1 = MACAddress(0x0200_0000_0102)

    struct Output: Equatable {
        var interface: String
        var bytes: [UInt8]
    }

    init(_ change: (inout NodeSpec) -> Void = { _ in }) throws {
        var spec = NodeSpec(name: "n")
        spec.interfaces = [
            InterfaceSpec(name: "eth0", mac: Self.eth0, addresses: [try Self.prefix("192.0.2.1/24")]),
            InterfaceSpec(name: "eth1", mac: Self.eth1, addresses: [try Self.prefix("10.1.0.1/24")]),
        ]
        spec.routes = [
            Route(destination: .all(.ipv4), nextHops: [.init(gateway: try Self.address("192.0.2.254"), device: "eth0")])
        ]
        spec.neighbors = [
            Neighbor(address: try Self.address("192.0.2.254"), mac: Self.server, device: "eth0"),
            Neighbor(address: try Self.address("192.0.2.20"), mac: Self.server, device: "eth0"),
            Neighbor(address: try Self.address("10.1.0.10"), mac: Self.client, device: "eth1"),
        ]
        spec.sysctls = Sysctls([
            "net.ipv4.ip_forward": "1", "net.ipv4.conf.all.send_redirects": "0",
            "net.ipv4.conf.default.send_redirects": "0",
        ])
        change(&spec)
        dataplane = try Dataplane(spec, seed: 7)
    }

    static func prefix(_ text: String) throws -> IPPrefix { try #require(IPPrefix(text)) }
    static func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    mutating func receive(_ frame: [UInt8], on interface: String, after nanoseconds: Int64 = 1_000_000) throws -> [Output] {
        now = now + nanoseconds
        let index = try #require(dataplane.interfaceIndex(interface))
        frame.withUnsafeBytes { dataplane.receive($0, on: index, at: now) }
        return take()
    }

    mutating func send(_ packet: [UInt8]) -> [Output] {
        now = now + 1_000_000
        packet.withUnsafeBytes { dataplane.send($0, at: now) }
        return take()
    }

    mutating func wait(_ nanoseconds: Int64) -> [Output] {
        now = now + nanoseconds
        dataplane.advance(to: now)
        return take()
    }

    private func take() -> [Output] {
        var outputs: [Output] = []
        dataplane.takeOutputs {
            outputs.append(Output(interface: dataplane.interfaceName($0.interface), bytes: Array($0.bytes)))
        }
        return outputs
    }
}

/// Frames by hand.
enum Frame {
    static func ethernet(_ destination: MACAddress, _ source: MACAddress, _ body: [UInt8], type: UInt16 = 0x0800) -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: 14)
        frame.withUnsafeMutableBytes {
            let header = EthernetHeader($0.baseAddress!)
            header.destination = destination
            header.source = source
            header.etherType = EtherType(rawValue: type)
        }
        return frame + body
    }

    static func udp(
        _ source: String, _ destination: String, port: UInt16 = 9, sourcePort: UInt16 = 40000, payload: Int = 5,
        ttl: UInt8 = 64, tos: UInt8 = 0, dontFragment: Bool = false, identification: UInt16 = 0x1001
    ) -> [UInt8] {
        guard let from = IPAddress(source)?.bits.ipv4, let to = IPAddress(destination)?.bits.ipv4 else { return [] }
        var packet = [UInt8](repeating: 0x61, count: 28 + payload)
        packet.withUnsafeMutableBytes {
            let base = $0.baseAddress!
            let ip = IPv4Header(base)
            ip.versionAndLength = 0x45
            ip.tos = tos
            ip.totalLength = UInt16(28 + payload)
            ip.identification = identification
            ip.fragmentField = dontFragment ? 0x4000 : 0
            ip.ttl = ttl
            ip.protocolNumber = .udp
            ip.source = from
            ip.destination = to
            ip.storeChecksum()
            let udp = UDPHeader(base + 20)
            udp.sourcePort = sourcePort
            udp.destinationPort = port
            udp.datagramLength = UInt16(8 + payload)
            TransportChecksum.store(
                base + 20, length: 8 + payload, protocolNumber: .udp, family: .ipv4, source: ip.sourceBits,
                destination: ip.destinationBits)
        }
        return packet
    }

    static func arp(_ operation: UInt16, _ sender: MACAddress, _ senderAddress: UInt32, _ target: MACAddress, _ targetAddress: UInt32) -> [UInt8] {
        var message = [UInt8](repeating: 0, count: 28)
        message.withUnsafeMutableBytes {
            let arp = ARPHeader($0.baseAddress!)
            arp.hardwareType = 1
            arp.protocolType = .ipv4
            arp.hardwareLength = 6
            arp.protocolLength = 4
            arp.operation = operation
            arp.senderMAC = sender
            arp.senderAddress = senderAddress
            arp.targetMAC = target
            arp.targetAddress = targetAddress
        }
        return message
    }
}
