import HawseWire

/// Finding the headers. The one length check is here; behind it the accessors read without asking.
enum Dissection: UInt8 {
    case ok = 0
    /// Shorter than its own headers claim (`IPSTATS_MIB_INTRUNCATEDPKTS`, `INHDRERRORS`).
    case truncated
    case badVersion
    case badHeaderLength
    case badChecksum
    case badLength
}

extension UnsafeMutablePointer where Pointee == Packet {
    /// `ip_rcv_core`: version, header length, checksum, total length; trims link padding; sets the transport offset.
    ///
    /// A total length of 0 on a frame larger than an MTU is a GSO frame as captures have them: the frame's own
    /// length counts.
    @inline(__always)
    func dissectIPv4(verifyChecksum: Bool = true) -> Dissection {
        let available = length
        guard available >= 20 else { return .truncated }
        let ip = ipv4
        let first = networkPointer.load(as: UInt8.self)
        guard first >> 4 == 4 else { return .badVersion }
        let headerLength = Int(first & 15) &* 4
        guard headerLength >= 20 else { return .badHeaderLength }
        guard available >= headerLength else { return .truncated }
        if verifyChecksum, !headerChecksumHolds(headerLength) { return .badChecksum }
        var total = Int(ip.totalLength)
        if total == 0, available > 1500 {
            total = available
            pointee.flags.insert(.gso)
        }
        guard total <= available else { return .truncated }
        guard total >= headerLength else { return .badLength }
        pointee.end = pointee.network &+ Int32(total)
        pointee.transport = pointee.network &+ Int32(headerLength)
        pointee.version = 4
        pointee.ipProtocol = ip.protocolNumber
        pointee.fragmentOffset = (ip.fragmentField & 0x1fff) &* 8
        return .ok
    }

    /// `ip_fast_csum` over the header; most have no options, and those are five words.
    @inline(__always)
    private func headerChecksumHolds(_ headerLength: Int) -> Bool {
        let base = networkPointer
        guard headerLength == 20 else { return InternetChecksum.sum(base, count: headerLength) == 0xffff }
        let a = base.loadLE64(at: 0)
        let b = base.loadLE64(at: 8)
        let sum =
            (a & 0xffff_ffff) &+ (a >> 32) &+ (b & 0xffff_ffff) &+ (b >> 32) &+ UInt64(base.loadLE32(at: 16))
        return InternetChecksum.fold(sum) == 0xffff
    }

    /// `ip6_rcv_core`: version, payload length, trims padding, finds the upper protocol behind extension headers.
    @inline(__always)
    func dissectIPv6() -> Dissection {
        let available = length
        guard available >= 40 else { return .truncated }
        let ip = ipv6
        guard networkPointer.load(as: UInt8.self) >> 4 == 6 else { return .badVersion }
        let payload = Int(ip.payloadLength)
        if payload == 0, available > 1540, ip.nextHeader != .hopByHop {
            pointee.flags.insert(.gso)
        } else if payload > 0 || ip.nextHeader != .hopByHop {
            guard payload + 40 <= available else { return .truncated }
            pointee.end = pointee.network &+ Int32(payload + 40)
        }
        pointee.version = 6
        locateIPv6Transport()
        return .ok
    }

    /// Sets `transport`, `ipProtocol` and `fragmentOffset` from the extension headers (`ipv6_find_hdr`).
    @inline(__always)
    func locateIPv6Transport() {
        let next = ipv6.nextHeader
        if next == .tcp || next == .udp || next == .icmpv6 {
            pointee.transport = pointee.network &+ 40
            pointee.ipProtocol = next
            pointee.fragmentOffset = 0
            return
        }
        let walk = IPv6ExtensionWalk.find(networkPointer, length: length)
        pointee.transport = pointee.network &+ Int32(walk.offset)
        pointee.ipProtocol = walk.protocolNumber
        pointee.fragmentOffset = UInt16(truncatingIfNeeded: walk.fragmentOffset)
    }

    /// Dissects again after the headers were rebuilt (decapsulation, reassembly).
    func dissect() -> Dissection {
        guard length > 0 else { return .truncated }
        switch networkPointer.load(as: UInt8.self) >> 4 {
        case 4: return dissectIPv4()
        case 6: return dissectIPv6()
        default: return .badVersion
        }
    }
}
