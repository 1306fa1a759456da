import HawseModel
import HawseWire

@testable import HawseDataplane

/// A director between clients on eth0 and servers on eth1, fed with packets that tests put together.
final class DirectorRig {
    let dataplane: Dataplane
    var now = Instant(seconds: 1_700_000_000)
    static let virtual = IPAddress(ipv4: 0xcb00_710a)
    static let virtual6 = IPAddress(ipv6High: 0x2001_0db8_000d_0000, low: 1)

    init(_ sysctls: [String: String] = [:]) throws {
        var spec = NodeSpec()
        let own = IPPrefix(IPAddress(ipv4: 0xc000_0201), length: 24)
        let inner = IPPrefix(IPAddress(ipv4: 0x0a01_0001), length: 24)
        let own6 = IPPrefix(IPAddress(ipv6High: 0x2001_0db8_0001_0000, low: 1), length: 64)
        let inner6 = IPPrefix(IPAddress(ipv6High: 0x2001_0db8_0002_0000, low: 1), length: 64)
        spec.interfaces = [
            InterfaceSpec(name: "eth0", kind: .ether, mac: MACAddress(0x02_00_00_00_01_01), addresses: [own, own6]),
            InterfaceSpec(name: "eth1", kind: .ether, mac: MACAddress(0x02_00_00_00_01_02), addresses: [inner, inner6]),
            InterfaceSpec(
                name: "kube-ipvs0", kind: .dummy, isUp: false,
                addresses: [IPPrefix(Self.virtual, length: 32), IPPrefix(Self.virtual6, length: 128)]),
        ]
        let gateway = IPAddress(ipv4: 0xc000_02fe)
        let gateway6 = IPAddress(ipv6High: 0x2001_0db8_0001_0000, low: 0xfe)
        spec.routes = [
            Route(destination: IPPrefix(.unspecified(.ipv4), length: 0), nextHops: [.init(gateway: gateway, device: "eth0")]),
            Route(destination: IPPrefix(.unspecified(.ipv6), length: 0), nextHops: [.init(gateway: gateway6, device: "eth0")]),
        ]
        spec.neighbors = [gateway, gateway6].map { Neighbor(address: $0, mac: MACAddress(0x02_00_00_00_fe_01), device: "eth0") }
        for n in 10...13 {
            spec.neighbors.append(
                Neighbor(address: Self.server(n), mac: MACAddress(0x02_00_00_00_a0_00 + UInt64(n)), device: "eth1"))
            spec.neighbors.append(
                Neighbor(address: Self.server6(n), mac: MACAddress(0x02_00_00_00_a6_00 + UInt64(n)), device: "eth1"))
        }
        var settings = sysctls
        settings["net.ipv4.ip_forward"] = "1"
        settings["net.ipv6.conf.all.forwarding"] = "1"
        spec.sysctls = Sysctls(settings)
        dataplane = try Dataplane(spec, seed: 1)
        dataplane.advance(to: now)
    }

    static func server(_ n: Int) -> IPAddress { IPAddress(ipv4: 0x0a01_0000 + UInt32(n)) }
    static func server6(_ n: Int) -> IPAddress { IPAddress(ipv6High: 0x2001_0db8_0002_0000, low: UInt64(n)) }
    static func client(_ n: Int) -> IPAddress { IPAddress(ipv4: 0xc633_6400 + UInt32(n)) }

    /// What left: the device and the IP packet.
    struct Output {
        var device: String
        var packet: [UInt8]
        var ipProtocol: UInt8 { packet[0] >> 4 == 6 ? packet[6] : packet[9] }
        var source: IPAddress? { address(12, 8) }
        var destination: IPAddress? { address(16, 24) }
        var payload: [UInt8] { Array(packet[(packet[0] >> 4 == 6 ? 40 : Int(packet[0] & 15) * 4)...]) }

        private func address(_ at4: Int, _ at6: Int) -> IPAddress? {
            packet[0] >> 4 == 6 ? IPAddress(bytes: packet[at6..<(at6 + 16)]) : IPAddress(bytes: packet[at4..<(at4 + 4)])
        }
    }

    /// Sends an IP packet in by a device, a millisecond after the last one.
    @discardableResult
    func send(_ packet: [UInt8], on device: String = "eth0") -> [Output] {
        now = now + 1_000_000
        let isIPv6 = packet[0] >> 4 == 6
        let last: UInt8 = device == "eth0" ? 1 : 2
        let frame = [0x02, 0, 0, 0, 1, last, 0x02, 0, 0, 0, 0xfe, 1, isIPv6 ? 0x86 : 0x08, isIPv6 ? 0xdd : 0] + packet
        frame.withUnsafeBytes { dataplane.receive($0, on: dataplane.interfaceIndex(device) ?? 1, at: now) }
        var outputs: [Output] = []
        dataplane.takeOutputs { output in
            outputs.append(
                Output(device: self.dataplane.interfaceName(output.interface), packet: Array(output.bytes.dropFirst(14))))
        }
        return outputs
    }

    func wait(_ seconds: Int64) {
        now = now + .seconds(seconds)
        dataplane.advance(to: now)
    }

    func command(_ command: IPVSCommand) throws { try dataplane.ipvs.apply(command) }

    static func ip(
        _ source: IPAddress, _ destination: IPAddress, _ number: UInt8, _ payload: [UInt8], dontFragment: Bool = false
    ) -> [UInt8] {
        if source.family == .ipv6 {
            return [0x60, 0, 0, 0, UInt8(payload.count >> 8), UInt8(payload.count & 255), number, 64] + source.bytes
                + destination.bytes + payload
        }
        let total = 20 + payload.count
        var header: [UInt8] = [0x45, 0, UInt8(total >> 8), UInt8(total & 255), 0, 1, dontFragment ? 0x40 : 0, 0, 64, number, 0, 0]
        header += source.bytes + destination.bytes
        let sum = header.withUnsafeBytes { InternetChecksum.checksum($0.baseAddress!, count: 20) }
        header[10] = UInt8(sum >> 8)
        header[11] = UInt8(sum & 255)
        return header + payload
    }

    static func transport(
        _ number: UInt8, _ source: IPAddress, _ destination: IPAddress, _ header: [UInt8], checksumAt at: Int
    ) -> [UInt8] {
        var bytes = header
        bytes.withUnsafeMutableBytes { raw in
            if let base = raw.baseAddress {
                TransportChecksum.store(
                    base, length: raw.count, protocolNumber: IPProtocol(rawValue: number), family: source.family,
                    source: source.bits, destination: destination.bits)
            }
        }
        return bytes
    }

    static func tcp(
        _ source: IPAddress, _ sourcePort: UInt16, _ destination: IPAddress, _ port: UInt16, _ flags: UInt8,
        sequence: UInt32 = 1, acknowledgement: UInt32 = 0, _ text: String = ""
    ) -> [UInt8] {
        var header = [UInt8(sourcePort >> 8), UInt8(sourcePort & 255), UInt8(port >> 8), UInt8(port & 255)]
        for word in [sequence, acknowledgement] { header += (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * UInt32($0))) } }
        header += [0x50, flags, 0xff, 0xff, 0, 0, 0, 0] + Array(text.utf8)
        return ip(source, destination, 6, transport(6, source, destination, header, checksumAt: 16))
    }

    static func udp(
        _ source: IPAddress, _ sourcePort: UInt16, _ destination: IPAddress, _ port: UInt16, _ text: String = "x"
    ) -> [UInt8] {
        let length = 8 + text.utf8.count
        let header: [UInt8] = [
            UInt8(sourcePort >> 8), UInt8(sourcePort & 255), UInt8(port >> 8), UInt8(port & 255), UInt8(length >> 8),
            UInt8(length & 255), 0, 0,
        ]
        return ip(source, destination, 17, transport(17, source, destination, header + Array(text.utf8), checksumAt: 6))
    }

    static func icmp(_ source: IPAddress, _ destination: IPAddress, _ type: UInt8, _ code: UInt8, _ rest: UInt32, _ quoted: [UInt8])
        -> [UInt8]
    {
        var body: [UInt8] = [type, code, 0, 0] + (0..<4).map { UInt8(truncatingIfNeeded: rest >> (24 - 8 * UInt32($0))) } + quoted
        let sum = body.withUnsafeBytes { InternetChecksum.checksum($0.baseAddress!, count: $0.count) }
        body[2] = UInt8(sum >> 8)
        body[3] = UInt8(sum & 255)
        return ip(source, destination, 1, body)
    }
}
