import HawseModel
import HawseWire

/// TCPMSS (`tcpmss_tg4`, `tcpmss_tg6`): lowers the MSS option of a SYN, or adds one.
struct TCPMSSAction: BitwiseCopyable {
    /// 0: clamp to the path's MTU.
    var mss: UInt16

    init(_ target: TCPMSSTarget) {
        switch target {
        case .set(let mss): self.mss = mss
        case .clampToPathMTU: mss = 0
        }
    }
}

extension Walk {
    func changeMSS(_ action: TCPMSSAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        if packet.isLaterFragment { return .continue }
        linearize(packet)
        let length = packet.transportLength
        guard length >= TCPHeader.length else { return .drop }
        let tcp = packet.tcp
        let headerLength = tcp.headerLength
        guard length >= headerLength, headerLength >= TCPHeader.length else { return .drop }
        var mss = Int(action.mss)
        if mss == 0 {
            let overhead = packet.isIPv4 ? 40 : 60
            let mtu = min(packetMTU(packet), reverseMTU(packet))
            guard mtu > overhead else { return .drop }
            mss = mtu - overhead
        }
        if lowerMSS(tcp, headerLength, UInt16(truncatingIfNeeded: mss)) { return .continue }
        // Data behind the header would have to move, and the SYN might become too large.
        if length > headerLength || headerLength >= 60 { return .continue }
        addMSS(packet, min(UInt16(truncatingIfNeeded: mss), packet.isIPv4 ? 536 : 1220))
        return .continue
    }

    /// `skb_ensure_writable` of the whole packet: the pieces it came in become one, and their sizes are forgotten.
    private func linearize(_ packet: PacketRef) {
        guard packet.pointee.fragmentGeometry != 0 else { return }
        node.pointee.reassembly.release(packet.pointee.fragmentGeometry)
        packet.pointee.fragmentGeometry = 0
    }

    /// `dst_mtu` of the packet's own route; a bridged packet has the bridge's (`br_netfilter_rtable_init`).
    private func packetMTU(_ packet: PacketRef) -> Int {
        let route = packet.pointee.route
        if packet.pointee.flags.contains(.bridged) { return node.pointee.interfaces[packet.pointee.outInterface].pointee.mtu }
        return route.mtu != 0 ? Int(route.mtu) : node.pointee.interfaces[route.outInterface].pointee.mtu
    }

    /// `tcpmss_reverse_mtu`: of the way back.
    private func reverseMTU(_ packet: PacketRef) -> Int {
        let route = lookupOutput(
            family: packet.family, source: .zero, destination: packet.sourceBits, mark: 0, tos: 0, out: 0)
        switch route.kind {
        case .unicast, .local, .broadcast, .multicast:
            return route.mtu != 0 ? Int(route.mtu) : node.pointee.interfaces[route.outInterface].pointee.mtu
        default: return .max
        }
    }

    /// True when the header has the option.
    private func lowerMSS(_ tcp: TCPHeader, _ headerLength: Int, _ mss: UInt16) -> Bool {
        var i = TCPHeader.length
        while i <= headerLength - 4 {
            if tcp.base.load8(at: i) == 2, tcp.base.load8(at: i + 1) == 4 {
                let old = tcp.base.loadBE16(at: i + 2)
                if old > mss {
                    tcp.base.storeBE16(mss, at: i + 2)
                    tcp.checksum = ChecksumUpdate.replaceTransport16(tcp.checksum, from: old, to: mss)
                }
                return true
            }
            i += optionLength(tcp, i)
        }
        return false
    }

    private func addMSS(_ packet: PacketRef, _ mss: UInt16) {
        packet.reserveTail(4)
        let tcp = packet.tcp
        let length = packet.transportLength
        let options = tcp.base + TCPHeader.length
        memmoveForward(options, by: 4, count: length - TCPHeader.length)
        packet.pointee.end += 4
        var checksum = ChecksumUpdate.replaceTransport16(
            tcp.checksum, from: UInt16(truncatingIfNeeded: length), to: UInt16(truncatingIfNeeded: length + 4))
        options.storeBE32(0x0204_0000 | UInt32(mss), at: 0)
        checksum = ChecksumUpdate.replace32(checksum, from: 0, to: 0x0204_0000 | UInt32(mss))
        let old = tcp.base.loadBE16(at: TCPHeader.Field.dataOffset)
        tcp.headerLength += 4
        let new = tcp.base.loadBE16(at: TCPHeader.Field.dataOffset)
        tcp.checksum = ChecksumUpdate.replaceTransport16(checksum, from: old, to: new)
        if packet.isIPv4 {
            let ip = packet.ipv4
            let total = ip.totalLength
            ip.totalLength = total &+ 4
            ip.checksum = ChecksumUpdate.replace16(ip.checksum, from: total, to: total &+ 4)
        } else {
            packet.ipv6.payloadLength = packet.ipv6.payloadLength &+ 4
        }
    }

    private func memmoveForward(_ pointer: UnsafeMutableRawPointer, by offset: Int, count: Int) {
        guard count > 0 else { return }
        (pointer + offset).copyMemory(from: pointer, byteCount: count)
    }

    /// TCPOPTSTRIP (`tcpoptstrip_mangle_packet`): the options become No-Operations.
    func stripOptions(_ action: TCPOptStripAction, _ context: RuleContext) -> TargetResult {
        let packet = context.packet
        if packet.isLaterFragment { return .continue }
        let length = packet.transportLength
        guard length >= TCPHeader.length else { return .drop }
        let tcp = packet.tcp
        let headerLength = tcp.headerLength
        guard length >= headerLength, headerLength >= TCPHeader.length else { return .drop }
        var i = TCPHeader.length
        while i < headerLength - 1 {
            let size = optionLength(tcp, i)
            if i + size > headerLength { break }
            if action.contains(tcp.base.load8(at: i)) { blank(tcp, i, size) }
            i += size
        }
        return .continue
    }

    private func blank(_ tcp: TCPHeader, _ start: Int, _ size: Int) {
        for i in start..<start + size {
            let shift: UInt16 = i % 2 == 0 ? 8 : 0
            let old = UInt16(tcp.base.load8(at: i)) << shift
            tcp.checksum = ChecksumUpdate.replaceTransport16(tcp.checksum, from: old, to: 1 << shift)
            tcp.base.store8(1, at: i)
        }
    }

    /// `optlen`: end and No-Operation are one byte long, as is an option that claims 0.
    private func optionLength(_ tcp: TCPHeader, _ offset: Int) -> Int {
        let kind = tcp.base.load8(at: offset)
        let length = tcp.base.load8(at: offset + 1)
        return kind <= 1 || length == 0 ? 1 : Int(length)
    }
}

/// A bitmap of option kinds.
struct TCPOptStripAction: BitwiseCopyable {
    var kinds: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ target: TCPOptStripTarget) {
        for kind in target.options {
            let bit = UInt64(1) << UInt64(kind & 63)
            switch kind >> 6 {
            case 0: kinds.0 |= bit
            case 1: kinds.1 |= bit
            case 2: kinds.2 |= bit
            default: kinds.3 |= bit
            }
        }
    }

    func contains(_ kind: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(kind & 63)
        switch kind >> 6 {
        case 0: return kinds.0 & bit != 0
        case 1: return kinds.1 & bit != 0
        case 2: return kinds.2 & bit != 0
        default: return kinds.3 & bit != 0
        }
    }
}
