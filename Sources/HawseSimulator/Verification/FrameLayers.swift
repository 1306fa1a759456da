import HawseWire

/// Where the headers of a recorded frame lie: for masking, printing and checking, not for forwarding.
struct FrameLayers {
    let frame: [UInt8]
    /// Offset of the IP header; `nil` when the frame is not IP.
    private(set) var ip: Int?
    private(set) var version = 0
    private(set) var transport: Int?
    private(set) var ipProtocol = IPProtocol.unspecified
    private(set) var isFragment = false
    /// IPv6: offset of the fragment header.
    private(set) var fragmentHeader: Int?
    private(set) var end: Int

    init(_ frame: [UInt8], at start: Int = 0) {
        self.frame = frame
        end = frame.count
        var at = start + 12
        guard frame.count >= at + 2 else { return }
        var kind = word(at)
        at += 2
        while kind == 0x8100 || kind == 0x88a8, frame.count >= at + 4 {
            kind = word(at + 2)
            at += 4
        }
        if kind == 0x0800, frame.count >= at + 20 {
            readIPv4(at)
        } else if kind == 0x86dd, frame.count >= at + 40 {
            readIPv6(at)
        }
    }

    /// A packet within another, without a frame's header of its own.
    private init(_ frame: [UInt8], packetAt at: Int) {
        self.frame = frame
        end = frame.count
        guard frame.count >= at + 20 else { return }
        if frame[at] >> 4 == 4 { readIPv4(at) } else if frame[at] >> 4 == 6, frame.count >= at + 40 { readIPv6(at) }
    }

    /// The headers of what a VXLAN datagram or an IPv4-in-IPv4 packet carries.
    var inner: FrameLayers? {
        if let encapsulated { return FrameLayers(frame, at: encapsulated) }
        guard version == 4, ipProtocol == .ipip, let transport, !isFragment else { return nil }
        return FrameLayers(frame, packetAt: transport)
    }

    func word(_ at: Int) -> Int { at + 1 < frame.count ? Int(frame[at]) << 8 | Int(frame[at + 1]) : 0 }

    private mutating func readIPv4(_ at: Int) {
        ip = at
        version = 4
        end = min(frame.count, at + word(at + 2))
        ipProtocol = IPProtocol(rawValue: frame[at + 9])
        isFragment = word(at + 6) & 0x3fff != 0
        if word(at + 6) & 0x1fff == 0 { transport = at + Int(frame[at] & 15) * 4 }
    }

    private mutating func readIPv6(_ at: Int) {
        ip = at
        version = 6
        end = min(frame.count, at + 40 + word(at + 4))
        var next = IPProtocol(rawValue: frame[at + 6])
        var offset = at + 40
        while [.hopByHop, .routing, .destinationOptions, .fragment, .ah].contains(next), offset + 8 <= frame.count {
            if next == .fragment {
                isFragment = true
                fragmentHeader = offset
                if word(offset + 2) & 0xfff8 != 0 {
                    ipProtocol = IPProtocol(rawValue: frame[offset])
                    return
                }
                next = IPProtocol(rawValue: frame[offset])
                offset += 8
            } else {
                let isAuthentication = next == .ah
                next = IPProtocol(rawValue: frame[offset])
                // The authentication header counts words of four bytes (`ipv6_authlen`).
                offset += isAuthentication ? (Int(frame[offset + 1]) + 2) * 4 : (Int(frame[offset + 1]) + 1) * 8
            }
        }
        ipProtocol = next
        transport = offset
    }

    /// Offset of the frame inside a VXLAN datagram.
    var encapsulated: Int? {
        guard ipProtocol == .udp, let transport, frame.count >= transport + 16 else { return nil }
        let port = word(transport + 2)
        return port == 4789 || port == 8472 ? transport + 16 : nil
    }

    /// Offset of the checksum inside the transport header.
    static func checksumOffset(_ ipProtocol: IPProtocol) -> Int? {
        switch ipProtocol {
        case .tcp: 16
        case .udp: 6
        case .icmp, .icmpv6: 2
        default: nil
        }
    }

    var hasRightHeaderChecksum: Bool {
        guard version == 4, let ip else { return true }
        return Self.sum(frame[ip..<min(frame.count, ip + Int(frame[ip] & 15) * 4)]) == 0xffff
    }

    var hasRightTransportChecksum: Bool {
        guard let transport, let ip, !isFragment, let at = Self.checksumOffset(ipProtocol), transport <= end else { return true }
        let body = frame[transport..<end]
        if ipProtocol == .udp, word(transport + 6) == 0 { return true }
        if ipProtocol == .icmp { return Self.sum(body) == 0xffff }
        guard body.count > at else { return false }
        let addresses = version == 4 ? frame[(ip + 12)..<(ip + 20)] : frame[(ip + 8)..<(ip + 40)]
        let count = body.count
        let pseudo = Array(addresses) + [0, 0, UInt8(count >> 8 & 255), UInt8(count & 255), 0, 0, 0, ipProtocol.rawValue]
        let total = Self.sum(pseudo + Array(body))
        return total == 0xffff || total == 0
    }

    static func sum(_ bytes: some Collection<UInt8>) -> Int {
        var total = 0
        for (i, byte) in bytes.enumerated() { total += i & 1 == 0 ? Int(byte) << 8 : Int(byte) }
        while total >> 16 != 0 { total = (total & 0xffff) + (total >> 16) }
        return total
    }
}
