import HawseModel
import HawseWire

/// Frames of a study's clients and servers, and what the node's frames say.
enum StudyPackets {
    static let nodeMAC: [UInt8] = [0x02, 0, 0, 0, 1, 1]
    static let peerMAC: [UInt8] = [0x02, 0, 0, 0, 0xfe, 1]

    struct Endpoint: Hashable {
        var address: IPAddress
        var port: UInt16
    }

    /// A TCP segment or UDP datagram in an Ethernet frame to the node.
    static func frame(
        _ ipProtocol: IPProtocol, from source: Endpoint, to destination: Endpoint, flags: TCPFlags, payload: Int
    ) -> [UInt8] {
        let isIPv4 = source.address.family == .ipv4
        let header = ipProtocol == .udp ? 8 : 20
        let length = header + payload
        var frame = nodeMAC + peerMAC + (isIPv4 ? [0x08, 0x00] : [0x86, 0xdd])
        if isIPv4 {
            frame += [0x45, 0] + word(20 + length) + [0, 0, 0x40, 0, 64, ipProtocol.rawValue, 0, 0]
        } else {
            frame += [0x60, 0, 0, 0] + word(length) + [ipProtocol.rawValue, 64]
        }
        frame += source.address.bytes + destination.address.bytes
        frame += word(Int(source.port)) + word(Int(destination.port))
        if ipProtocol == .udp {
            frame += word(length) + [0, 0]
        } else {
            frame += [0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags.rawValue, 0x20, 0, 0, 0, 0, 0]
        }
        frame += [UInt8](repeating: 0, count: payload)
        let at = isIPv4 ? 34 : 54
        frame.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            if isIPv4 { IPv4Header(base + 14).storeChecksum() }
            TransportChecksum.store(
                base + at, length: length, protocolNumber: ipProtocol, family: source.address.family,
                source: source.address.bits, destination: destination.address.bits)
        }
        return frame
    }

    private static func word(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    /// To whom a frame of the node goes; `nil` when it is not TCP, UDP or SCTP.
    static func destination(_ frame: UnsafeRawBufferPointer) -> Endpoint? {
        guard frame.count >= 14 else { return nil }
        let isIPv4 = frame[12] == 0x08 && frame[13] == 0
        let at = isIPv4 ? 34 : 54
        guard frame.count >= at + 4, [6, 17, 132].contains(frame[isIPv4 ? 23 : 20]) else { return nil }
        let bytes = isIPv4 ? Array(frame[30..<34]) : Array(frame[38..<54])
        guard let address = IPAddress(bytes: bytes) else { return nil }
        return Endpoint(address: address, port: UInt16(frame[at + 2]) << 8 | UInt16(frame[at + 3]))
    }

    /// An ICMP error: the node refuses.
    static func isRefusal(_ frame: UnsafeRawBufferPointer) -> Bool {
        guard frame.count > 54 else { return false }
        if frame[12] == 0x08 { return frame[23] == 1 && frame[34] == 3 }
        return frame[20] == 58 && frame[54] == 1
    }
}
