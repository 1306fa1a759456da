import HawseWire

/// One end of a conversation: a host that knows whom it talks to, as it sees the addresses.
struct Conversation {
    struct Key: Hashable {
        var device: String
        var own: IPAddress
        var peer: IPAddress
        var ipProtocol: UInt8
        var ownPort: UInt16
        var peerPort: UInt16
    }

    var key: Key
    /// This host's address on the wire, and that of the router as it sees it.
    var mac: String
    var routerMAC: String
    var sequence: UInt32
    var acknowledgement: UInt32 = 0
    var isClosed = false
    /// SCTP: the tag that the peer wants to see.
    var tag: UInt32 = 0
    var sent = 0
    /// The tag before the EtherType of its frames.
    var front: [UInt8] = []
}

/// What a host reads of a frame that has come to it.
struct Received {
    var frame: [UInt8]
    var ip: Int
    var isIPv6: Bool
    var source: IPAddress
    var destination: IPAddress
    var ipProtocol: UInt8
    var transport: Int
    var end: Int
    var isFragment: Bool
    /// Its VLAN tag, which `frame` has no more.
    var front: [UInt8] = []

    init?(_ bytes: [UInt8]) {
        var frame = bytes
        if frame.count >= 38, frame[12] == 0x81, frame[13] == 0 {
            front = Array(frame[12..<16])
            frame.removeSubrange(12..<16)
        }
        guard frame.count >= 34 else { return nil }
        self.frame = frame
        ip = 14
        isIPv6 = frame[12] == 0x86 && frame[13] == 0xdd
        guard isIPv6 || (frame[12] == 8 && frame[13] == 0) else { return nil }
        if isIPv6 {
            guard frame.count >= 54, let source = IPAddress(bytes: frame[22..<38]),
                let destination = IPAddress(bytes: frame[38..<54])
            else { return nil }
            (self.source, self.destination) = (source, destination)
            end = min(frame.count, 54 + Int(frame[18]) << 8 + Int(frame[19]))
            var next = frame[20]
            var at = 54
            var fragment = false
            while [0, 43, 44, 60].contains(next), at + 8 <= frame.count {
                fragment = fragment || next == 44
                let size = next == 44 ? 8 : (Int(frame[at + 1]) + 1) * 8
                next = frame[at]
                at += size
            }
            (ipProtocol, transport, isFragment) = (next, at, fragment)
        } else {
            guard let source = IPAddress(bytes: frame[26..<30]), let destination = IPAddress(bytes: frame[30..<34]) else {
                return nil
            }
            (self.source, self.destination) = (source, destination)
            end = min(frame.count, 14 + Int(frame[16]) << 8 + Int(frame[17]))
            transport = 14 + Int(frame[14] & 15) * 4
            ipProtocol = frame[23]
            isFragment = frame[20] & 0x3f != 0 || frame[21] != 0
        }
        guard transport <= end else { return nil }
    }

    func word(_ at: Int) -> UInt16 { at + 1 < frame.count ? UInt16(frame[at]) << 8 | UInt16(frame[at + 1]) : 0 }
    func long(_ at: Int) -> UInt32 { UInt32(word(at)) << 16 | UInt32(word(at + 2)) }
    var length: Int { end - transport }

    var hasPorts: Bool { [6, 17, 33, 132, 136].contains(ipProtocol) && length >= 8 }
    var isEcho: Bool { [1, 58].contains(ipProtocol) && length >= 8 && [8, 0, 128, 129].contains(frame[transport]) }

    /// The conversation that this belongs to, as the host that it has come to sees it.
    func key(on device: String) -> Conversation.Key? {
        guard !isFragment else { return nil }
        var ports: (UInt16, UInt16) = (0, 0)
        if hasPorts {
            ports = (word(transport + 2), word(transport))
        } else if isEcho {
            ports = (word(transport + 4), word(transport + 4))
        }
        return Conversation.Key(
            device: device, own: destination, peer: source, ipProtocol: ipProtocol, ownPort: ports.0, peerPort: ports.1)
    }
}
