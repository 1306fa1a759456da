import HawseWire

/// Bytes below and beside IP: ARP, neighbour discovery, VXLAN.
enum LinkBytes {
    struct ARP {
        var operation: UInt16 = 1
        var senderMAC: String
        var sender: String
        var targetMAC = "00:00:00:00:00:00"
        var target: String
        var hardware: UInt16 = 1
        var network: UInt16 = 0x0800
        var lengths: [UInt8] = [6, 4]

        var bytes: [UInt8] {
            TransportBytes.word(hardware) + TransportBytes.word(network) + lengths + TransportBytes.word(operation)
                + RawPacket.bytes(mac: senderMAC) + LinkBytes.address(sender) + RawPacket.bytes(mac: targetMAC)
                + LinkBytes.address(target)
        }
    }

    static func address(_ text: String) -> [UInt8] { IPAddress(text)?.bytes ?? [] }

    static func frame(_ body: [UInt8], type: UInt16, from source: String, to destination: String) -> [UInt8] {
        RawPacket.bytes(mac: destination) + RawPacket.bytes(mac: source) + TransportBytes.word(type) + body
    }

    /// A solicitation (135), an advertisement (136: `flags` R 0x80, S 0x40, O 0x20) or a redirect (137) without its ICMP
    /// checksum; the option carries a MAC.
    static func discovery(_ type: UInt8, flags: UInt8 = 0, code: UInt8 = 0, target: String, option: (UInt8, String)?) -> [UInt8] {
        [type, code, 0, 0, flags, 0, 0, 0] + address(target)
            + (option.map { [$0.0, 1] + RawPacket.bytes(mac: $0.1) } ?? [])
    }

    /// The group that a solicitation for an address goes to, and its MAC.
    static func solicitedNode(_ target: String) -> (address: String, mac: String) {
        let tail = address(target).suffix(3).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        guard tail.count == 3 else { return ("ff02::1", "33:33:00:00:00:01") }
        return ("ff02::1:ff\(tail[0]):\(tail[1])\(tail[2])", "33:33:ff:\(tail.joined(separator: ":"))")
    }

    static func vxlan(_ frame: [UInt8], vni: Int, flags: UInt8 = 8, group: UInt16 = 0) -> [UInt8] {
        [flags, 0] + TransportBytes.word(group)
            + [UInt8(truncatingIfNeeded: vni >> 16), UInt8(truncatingIfNeeded: vni >> 8), UInt8(truncatingIfNeeded: vni), 0]
            + frame
    }

    static func groupMAC(_ address: String) -> String {
        let bytes = Self.address(address)
        if bytes.count == 16 { return RawPacket.text(mac: [0x33, 0x33] + bytes[12..<16]) }
        return bytes.count == 4 ? RawPacket.text(mac: [1, 0, 0x5e, bytes[1] & 0x7f, bytes[2], bytes[3]]) : "ff:ff:ff:ff:ff:ff"
    }
}
