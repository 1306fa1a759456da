/// What a captured packet is to a node: an Ethernet frame as it is, or an IP packet behind some other header.
@frozen
public struct LinkPayload: Hashable, Sendable {
    @frozen
    public enum Kind: UInt8, Sendable {
        /// A whole Ethernet frame at `offset`.
        case ethernet
        /// An IPv4 or IPv6 packet at `offset`.
        case ip
        /// Nothing a node could take in; `refusal` says why.
        case unsupported
    }

    /// Why a packet cannot be taken in.
    @frozen
    public enum Refusal: UInt8, Sendable, CustomStringConvertible {
        case none
        case linkType
        case truncated
        case notIP

        public var description: String {
            switch self {
            case .none: "supported"
            case .linkType: "link type not supported"
            case .truncated: "too short for its link-layer header"
            case .notIP: "carries neither IPv4 nor IPv6"
            }
        }
    }

    public var kind: Kind
    public var refusal: Refusal
    /// The EtherType in host byte order: of the frame for Ethernet (0 when it is too short), 0x0800 or 0x86dd
    /// for IP, what was found for packets refused as `notIP`.
    public var etherType: UInt16
    /// Bytes before the frame or packet.
    public var offset: Int

    @inline(__always)
    init(_ kind: Kind, offset: Int, etherType: UInt16) {
        self.kind = kind
        self.refusal = .none
        self.etherType = etherType
        self.offset = offset
    }

    @inline(__always)
    init(_ refusal: Refusal, etherType: UInt16 = 0) {
        kind = .unsupported
        self.refusal = refusal
        self.etherType = etherType
        offset = 0
    }
}

extension CaptureRecord {
    /// Where the Ethernet frame or IP packet of this record begins.
    public var payload: LinkPayload { linkType.payload(of: bytes) }
}

extension LinkType {
    /// Whether frames or IP packets are found in captures of this type.
    public var isRead: Bool { payload(of: UnsafeRawBufferPointer(start: nil, count: 0)).refusal != .linkType }

    private static let ipv4EtherType: UInt16 = 0x0800
    private static let ipv6EtherType: UInt16 = 0x86dd

    /// Finds the Ethernet frame or IP packet in a captured packet of this link type.
    public func payload(of bytes: UnsafeRawBufferPointer) -> LinkPayload {
        switch self {
        case .ethernet:
            return LinkPayload(.ethernet, offset: 0, etherType: bytes.count >= 14 ? bytes.big16(12) : 0)
        case .raw, .rawLinux, .rawOpenBSD, .ipv4, .ipv6:
            return Self.internetProtocol(bytes, at: 0)
        default:
            return Self.behindHeader(self, bytes, depth: 0)
        }
    }

    @inline(never)
    private static func behindHeader(
        _ type: LinkType, _ bytes: UnsafeRawBufferPointer, depth: Int
    ) -> LinkPayload {
        switch type {
        case .linuxSLL: cooked(bytes, header: 16, protocolAt: 14, deviceTypeAt: 2)
        case .linuxSLL2: cooked(bytes, header: 20, protocolAt: 0, deviceTypeAt: 8)
        case .null, .loop: bytes.count < 4 ? LinkPayload(.truncated) : addressFamily(bytes.big32(0), bytes, 4)
        case .enc: bytes.count < 12 ? LinkPayload(.truncated) : addressFamily(bytes.big32(0), bytes, 12)
        case .ppp, .pppHDLC: pointToPoint(bytes, at: 0)
        case .pppPPPD, .pppWithDirection: pointToPoint(bytes, at: 1)
        case .pppEthernet: pointToPoint(bytes, at: 6)
        case .ciscoHDLC: byEtherType(bytes, typeAt: 2, body: 4)
        case .atmRFC1483: logicalLink(bytes, at: 0)
        case .ipOverInfiniBand: byEtherType(bytes, typeAt: 40, body: 44)
        case .nflog: netfilterLog(bytes)
        case .pktap: packetTap(bytes, depth: depth)
        default: LinkPayload(.linkType)
        }
    }

    /// By the version in the packet's first four bits, whatever the link type promised: captures have both
    /// mixed.
    private static func internetProtocol(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> LinkPayload {
        guard bytes.count > offset else { return LinkPayload(.truncated) }
        switch bytes[offset] >> 4 {
        case 4: return LinkPayload(.ip, offset: offset, etherType: ipv4EtherType)
        case 6: return LinkPayload(.ip, offset: offset, etherType: ipv6EtherType)
        default: return LinkPayload(.notIP)
        }
    }

    private static func byEtherType(
        _ bytes: UnsafeRawBufferPointer, typeAt: Int, body: Int
    ) -> LinkPayload {
        guard bytes.count >= body else { return LinkPayload(.truncated) }
        let etherType = bytes.big16(typeAt)
        guard etherType == ipv4EtherType || etherType == ipv6EtherType else {
            return LinkPayload(.notIP, etherType: etherType)
        }
        return LinkPayload(.ip, offset: body, etherType: etherType)
    }

    /// Linux cooked mode (`any`): the EtherType stands in the header, for devices whose packets have one.
    private static func cooked(
        _ bytes: UnsafeRawBufferPointer, header: Int, protocolAt: Int, deviceTypeAt: Int
    ) -> LinkPayload {
        guard bytes.count >= header else { return LinkPayload(.truncated) }
        switch bytes.big16(deviceTypeAt) {
        // ARPHRD_NETLINK, ARPHRD_IPGRE, ARPHRD_IEEE80211_RADIOTAP, ARPHRD_FRAD: the field means something
        // else.
        case 824, 778, 803, 770: return LinkPayload(.notIP)
        default: break
        }
        var etherType = bytes.big16(protocolAt)
        var body = header
        // Up to two VLAN tags: control information, then the next EtherType.
        for _ in 0..<2 where etherType == 0x8100 || etherType == 0x88a8 {
            guard bytes.count >= body + 4 else { return LinkPayload(.truncated) }
            etherType = bytes.big16(body + 2)
            body += 4
        }
        guard etherType == ipv4EtherType || etherType == ipv6EtherType else {
            return LinkPayload(.notIP, etherType: etherType)
        }
        return LinkPayload(.ip, offset: body, etherType: etherType)
    }

    /// `AF_INET` and `AF_INET6` of Linux (10), NetBSD and OpenBSD (24), FreeBSD (28), Darwin (30), in either
    /// order.
    private static func addressFamily(
        _ value: UInt32, _ bytes: UnsafeRawBufferPointer, _ body: Int
    ) -> LinkPayload {
        switch value > 0xffff ? value.byteSwapped : value {
        case 2, 10, 24, 28, 30: internetProtocol(bytes, at: body)
        default: LinkPayload(.notIP)
        }
    }

    /// PPP, with or without address and control (RFC 1662), and with the protocol in one byte or two.
    private static func pointToPoint(_ bytes: UnsafeRawBufferPointer, at start: Int) -> LinkPayload {
        var position = start
        if bytes.count >= position + 2, bytes[position] == 0xff, bytes[position + 1] == 0x03 {
            position += 2
        } else if bytes.count >= position + 4, bytes[position] == 0x0f || bytes[position] == 0x8f {
            // Cisco HDLC under the same link type.
            return byEtherType(bytes, typeAt: position + 2, body: position + 4)
        }
        guard bytes.count > position else { return LinkPayload(.truncated) }
        let number: UInt16
        if bytes[position] & 1 == 1 {
            number = UInt16(bytes[position])
            position += 1
        } else {
            guard bytes.count >= position + 2 else { return LinkPayload(.truncated) }
            number = bytes.big16(position)
            position += 2
        }
        guard number == 0x0021 || number == 0x0057 else { return LinkPayload(.notIP) }
        return internetProtocol(bytes, at: position)
    }

    /// LLC and SNAP with an EtherType (RFC 2684, RFC 1042).
    private static func logicalLink(_ bytes: UnsafeRawBufferPointer, at start: Int) -> LinkPayload {
        guard bytes.count >= start + 8 else { return LinkPayload(.truncated) }
        guard bytes.big32(start) == 0xaaaa_0300, bytes[start + 4] == 0, bytes[start + 5] == 0 else {
            return LinkPayload(.notIP)
        }
        return byEtherType(bytes, typeAt: start + 6, body: start + 8)
    }

    /// NFLOG: family, version, resource, then attributes in the order of the machine that captured.
    private static func netfilterLog(_ bytes: UnsafeRawBufferPointer) -> LinkPayload {
        guard bytes.count >= 4 else { return LinkPayload(.truncated) }
        var position = 4
        while bytes.count - position >= 4 {
            var length = Int(bytes.loadUnaligned(fromByteOffset: position, as: UInt16.self).littleEndian)
            var type = bytes.loadUnaligned(fromByteOffset: position + 2, as: UInt16.self).littleEndian
            if type > 0xff {
                length = Int(UInt16(truncatingIfNeeded: length).byteSwapped)
                type = type.byteSwapped
            }
            guard length >= 4, length <= bytes.count - position else { return LinkPayload(.truncated) }
            // NFULA_PAYLOAD
            if type == 9 { return internetProtocol(bytes, at: position + 4) }
            position += (length + 3) & ~3
        }
        return LinkPayload(.truncated)
    }

    /// Darwin's PKTAP: a header that names the link type of what follows it.
    private static func packetTap(_ bytes: UnsafeRawBufferPointer, depth: Int) -> LinkPayload {
        guard bytes.count >= 12 else { return LinkPayload(.truncated) }
        let length = Int(bytes.loadUnaligned(fromByteOffset: 0, as: UInt32.self).littleEndian)
        let inner = bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self).littleEndian
        guard length >= 12, length <= bytes.count else { return LinkPayload(.truncated) }
        guard depth == 0, inner <= 0xffff, inner != UInt32(LinkType.pktap.rawValue) else {
            return LinkPayload(.linkType)
        }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[length...])
        var payload = LinkType(dlt: Int32(inner)).payload(of: rest)
        if payload.kind != .unsupported { payload.offset += length }
        return payload
    }
}

extension UnsafeRawBufferPointer {
    @inline(__always) fileprivate func big16(_ offset: Int) -> UInt16 {
        UInt16(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    @inline(__always) fileprivate func big32(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}
