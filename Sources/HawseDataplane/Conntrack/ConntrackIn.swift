import HawseModel
import HawseWire

/// What a protocol's tracker says of a packet.
enum TrackVerdict: UInt8 {
    case accept
    /// Not part of any connection: the packet goes on as INVALID.
    case invalid
    /// The old connection was removed: look again (`NF_REPEAT`).
    case again
}

extension Walk {
    /// `nf_conntrack_in`: finds or begins the packet's connection and sets `connection` and `connectionInfo`.
    @inline(__always)
    func conntrackIn(_ packet: PacketRef, at hook: Hook) -> Verdict {
        // Seen before: it came by loopback, answers a tracked packet, or is not to be tracked.
        if packet.pointee.connection != 0 || packet.pointee.connectionInfo == .untracked { return .accept }
        if packet.pointee.flags.contains(.tracked) {
            // For this hook only: what IPVS sends on is looked at afresh at OUTPUT.
            packet.pointee.flags.remove(.tracked)
            noteConnection(packet)
            return .accept
        }
        var template = packet.pointee.connectionTemplate
        if template.zoneIsMark { template.zone = UInt16(truncatingIfNeeded: packet.pointee.mark) }
        packet.pointee.connectionTemplate = .none
        packet.pointee.connectionInfo = .none
        guard isTrackable(packet, hook) else { return .accept }
        if packet.pointee.ipProtocol == .icmp || packet.pointee.ipProtocol == .icmpv6 {
            guard trackICMPError(packet, template, hook) else { return .accept }
        }
        let verdict = trackNormal(packet, template, hook)
        noteConnection(packet)
        return verdict
    }

    /// Fragments that were not put together have no transport header, or are passed by (`IP_NODEFRAG`).
    @inline(__always)
    private func isTrackable(_ packet: PacketRef, _ hook: Hook) -> Bool {
        if packet.isIPv4 {
            let field = packet.ipv4.fragmentField
            return field & 0x1fff == 0 && (hook != .output || field & 0x2000 == 0)
        }
        // Headers that end early are not followed (`ipv6_get_l4proto`); one that claims more than the packet has is, and protocols
        // without ports need nothing behind it.
        return packet.pointee.fragmentOffset == 0 && !IPv6ExtensionWalk.isExtension(packet.pointee.ipProtocol)
    }

    /// `resolve_normal_ct` and the protocol's tracker.
    @inline(__always)
    private func trackNormal(_ packet: PacketRef, _ template: ConnectionTemplate, _ hook: Hook) -> Verdict {
        guard let tuple = Tuple(packet) else { return .accept }
        let zone = template.zone(.original)
        let hash = node.pointee.connections.hash(tuple, zone: zone)
        while true {
            var connection: ConnectionRef
            var direction = Direction.original
            let zones = template.zones
            if let found = zones.original == zones.reply
                ? node.pointee.connections.find(tuple, zone: zone, hash: hash, now: node.pointee.now)
                : node.pointee.connections.find(tuple, zones, now: node.pointee.now)
            {
                (connection, direction) = found
            } else {
                guard let reply = tuple.inverted else { return .accept }
                guard let new = beginConnection(packet, tuple, reply, template, hash) else {
                    packet.pointee.disposition = .dropped(.conntrackFull)
                    return .drop
                }
                connection = new
                noteBeginning(packet)
                node.pointee.connections.release(own: connection)
            }
            attach(packet, connection, connectionInfo(connection, direction))
            switch trackProtocol(packet, connection, direction, hook) {
            case .accept:
                if direction == .reply { connection.pointee.status.insert(.seenReply) }
                return .accept
            case .invalid:
                noteRefusal(packet)
                detach(packet)
                return .accept
            case .again:
                detach(packet)
            }
        }
    }

    @inline(__always)
    private func connectionInfo(_ connection: ConnectionRef, _ direction: Direction) -> ConnectionInfo {
        if direction == .reply { return .establishedReply }
        let status = connection.pointee.status
        if status.contains(.seenReply) { return .established }
        return status.contains(.expected) ? .related : .new
    }

    /// The packet takes a hold on the connection.
    @inline(__always)
    func attach(_ packet: PacketRef, _ connection: ConnectionRef, _ info: ConnectionInfo) {
        node.pointee.connections.acquire(connection)
        packet.pointee.connection = node.pointee.connections.handle(of: connection)
        packet.pointee.connectionInfo = info
    }

    /// The packet goes on without its connection: INVALID.
    @inline(__always)
    func detach(_ packet: PacketRef) {
        releaseConnection(packet)
        packet.pointee.connectionInfo = .none
    }

    /// Lets go of the packet's connection; one never confirmed disappears.
    @inline(__always)
    func releaseConnection(_ packet: PacketRef) {
        guard packet.pointee.connection != 0 else { return }
        node.pointee.connections.release(node.pointee.connections[packet.pointee.connection])
        packet.pointee.connection = 0
    }

    @inline(__always)
    private func trackProtocol(
        _ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction, _ hook: Hook
    ) -> TrackVerdict {
        switch connection.pointee.ipProtocol {
        case .tcp: return trackTCP(TrackedHeaders(packet), connection, direction, hook)
        case .udp: return trackUDP(TrackedHeaders(packet), connection, direction, hook)
        case .icmp, .icmpv6: return trackICMP(packet, connection, direction)
        case .udplite: return trackUDPLite(packet, connection, direction, hook)
        case .sctp: return trackSCTP(packet, connection, direction, hook)
        case .gre: return trackGRE(packet, connection, direction)
        default:
            refresh(packet, connection, direction, node.pointee.connections.timeouts(of: connection).pointee.generic)
            return .accept
        }
    }

    /// `nf_ct_refresh_acct`: a new lease of `timeout` nanoseconds, and the packet is counted. `length`: IP bytes.
    @inline(__always)
    func refresh(_ connection: ConnectionRef, _ direction: Direction, length: Int, _ timeout: Int64) {
        if !connection.pointee.status.contains(.fixedTimeout) {
            connection.pointee.timeout = connection.pointee.isConfirmed
                ? node.pointee.now + timeout : Instant(nanoseconds: timeout)
        }
        account(connection, direction, length: length)
    }

    @inline(__always)
    func refresh(_ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction, _ timeout: Int64) {
        refresh(connection, direction, length: packet.length, timeout)
    }

    /// `nf_ct_acct_update`, when the connection has counters.
    @inline(__always)
    func account(_ connection: ConnectionRef, _ direction: Direction, length: Int) {
        guard connection.pointee.bits.contains(.accounted), let cold = node.pointee.connections.cold(connection)
        else { return }
        if direction == .original {
            cold.pointee.originalPackets &+= 1
            cold.pointee.originalBytes &+= UInt64(truncatingIfNeeded: length)
        } else {
            cold.pointee.replyPackets &+= 1
            cold.pointee.replyBytes &+= UInt64(truncatingIfNeeded: length)
        }
    }

    @inline(__always)
    func account(_ packet: PacketRef, _ connection: ConnectionRef, _ direction: Direction) {
        account(connection, direction, length: packet.length)
    }

    /// The transport checksum is looked at only on the way in, and only when the sysctl says so (`nf_checksum`).
    @inline(__always)
    func isChecksumWrong(_ packet: TrackedHeaders, _ hook: Hook, _ protocolNumber: IPProtocol) -> Bool {
        guard hook == .prerouting, node.pointee.connections.settings.checksum else { return false }
        return !packet.isIntact(protocolNumber)
    }

    @inline(__always)
    func isChecksumWrong(_ packet: PacketRef, _ hook: Hook, _ protocolNumber: IPProtocol) -> Bool {
        isChecksumWrong(TrackedHeaders(packet), hook, protocolNumber)
    }

    /// Conntrack has verified the transport checksum on the way in, and nobody looks again (`skb->csum_valid`).
    func isVerified(_ packet: PacketRef, _ ipProtocol: IPProtocol) -> Bool {
        guard packet.pointee.connection != 0, !packet.pointee.flags.contains(.local),
            node.pointee.connections.settings.checksum
        else { return false }
        switch ipProtocol {
        case .icmp, .tcp, .udp, .icmpv6: return true
        default: return false
        }
    }

    /// Conntrack has added up the packet on the way in, whatever came out (`CHECKSUM_COMPLETE`). Asked behind its hook.
    func isSummed(_ packet: PacketRef, _ ipProtocol: IPProtocol) -> Bool {
        guard !packet.pointee.flags.contains(.local), packet.pointee.connectionInfo != .untracked,
            node.pointee.netfilter(packet).pointee.usesConntrack, node.pointee.connections.settings.checksum
        else { return false }
        switch ipProtocol {
        case .icmp, .tcp, .udp, .icmpv6: return true
        default: return false
        }
    }

    /// `nf_ip_checksum` adds up the header too, and `ip_forward` has forgotten that the packet was verified: with an option
    /// filled in on the way the sum is wrong until `ip_forward_options`, behind FORWARD.
    func isSpoiltByOptions(_ packet: PacketRef) -> Bool {
        packet.isIPv4 && packet.pointee.options.flags.contains(.changed)
            && (packet.pointee.flags.contains(.forwarded) || !isSummed(packet, packet.pointee.ipProtocol))
    }
}
