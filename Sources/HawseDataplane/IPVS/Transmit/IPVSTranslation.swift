import HawseModel
import HawseWire

extension Walk {
    /// `dnat_handler` and the address: the request becomes one for the real server.
    @inline(__always)
    func translateRequest(_ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader) -> Bool {
        let c = connection
        if c.pointee.flags.contains(.ftp), !ftpRequest(packet, connection) { return false }
        guard
            translateTransport(
                packet, header, from: c.pointee.virtual, c.pointee.virtualPort, to: c.pointee.destination,
                c.pointee.destinationPort, other: c.pointee.client, isRequest: true)
        else { return false }
        if packet.isIPv4 {
            let ip = packet.ipv4
            ip.checksum = ChecksumUpdate.replace32(
                ip.checksum, from: ip.destination, to: c.pointee.destination.ipv4)
            ip.destination = c.pointee.destination.ipv4
            // Options may have been filled in on the way: the kernel sums anew.
            if ip.headerLength > 20 { ip.storeChecksum() }
        } else {
            packet.ipv6.destination = c.pointee.destination
        }
        return true
    }

    /// `snat_handler` and the address: the reply becomes one of the virtual service.
    @inline(__always)
    func translateReply(_ packet: PacketRef, _ connection: VirtualConnectionRef, _ header: IPVSHeader) -> Bool {
        let c = connection
        if c.pointee.flags.contains(.ftp), !ftpReply(packet, connection) { return false }
        guard
            translateTransport(
                packet, header, from: c.pointee.destination, c.pointee.destinationPort, to: c.pointee.virtual,
                c.pointee.virtualPort, other: c.pointee.client, isRequest: false)
        else { return false }
        if packet.isIPv4 {
            let ip = packet.ipv4
            ip.checksum = ChecksumUpdate.replace32(ip.checksum, from: ip.source, to: c.pointee.virtual.ipv4)
            ip.source = c.pointee.virtual.ipv4
            if ip.headerLength > 20 { ip.storeChecksum() }
        } else {
            packet.ipv6.source = c.pointee.virtual
        }
        return true
    }

    /// Port and checksum. The checksum is updated from what the connection knows, not from what the packet says, so that
    /// a wrong one stays wrong.
    @inline(__always)
    private func translateTransport(
        _ packet: PacketRef, _ header: IPVSHeader, from old: AddressBits, _ oldPort: UInt16, to new: AddressBits,
        _ newPort: UInt16, other: AddressBits, isRequest: Bool
    ) -> Bool {
        if packet.isIPv6, header.fragmentOffset != 0 { return true }
        let transport = packet.transportPointer
        let available = packet.transportLength
        let portAt = isRequest ? 2 : 0
        switch header.ipProtocol {
        case .tcp:
            guard available >= 20 else { return false }
            transport.storeBE16(newPort, at: portAt)
            let checksum = transport.loadBE16(at: 16)
            transport.storeBE16(
                ChecksumUpdate.apply(delta(packet, old, oldPort, new, newPort), to: checksum), at: 16)
        case .udp:
            guard available >= 8 else { return false }
            transport.storeBE16(newPort, at: portAt)
            let checksum = transport.loadBE16(at: 6)
            if checksum == 0 {
                // No checksum: it gets a full one.
                TransportChecksum.store(
                    transport, length: available, protocolNumber: .udp, family: packet.family,
                    source: isRequest ? other : new, destination: isRequest ? new : other)
            } else {
                let updated = ChecksumUpdate.apply(delta(packet, old, oldPort, new, newPort), to: checksum)
                transport.storeBE16(TransportChecksum.nonZero(updated), at: 6)
            }
        case .sctp:
            guard available >= 12 else { return false }
            if transport.loadBE16(at: portAt) != newPort {
                transport.storeBE16(newPort, at: portAt)
                if let crc = CRC32C.sctpChecksum(transport, length: available) {
                    transport.storeBytes(of: crc.littleEndian, toByteOffset: 8, as: UInt32.self)
                }
            }
        default: break
        }
        return true
    }

    @inline(__always)
    private func delta(
        _ packet: PacketRef, _ old: AddressBits, _ oldPort: UInt16, _ new: AddressBits, _ newPort: UInt16
    ) -> UInt64 {
        let ports = ChecksumUpdate.delta32(from: UInt32(oldPort), to: UInt32(newPort))
        return ports
            &+ (packet.isIPv4
                ? ChecksumUpdate.delta32(from: old.ipv4, to: new.ipv4) : ChecksumUpdate.delta128(from: old, to: new))
    }

    /// `ip_vs_nat_icmp`: outer and quoted addresses and the quoted port; all checksums but the quoted transport's are made
    /// anew.
    func translateICMP(
        _ packet: PacketRef, _ connection: VirtualConnectionRef, _ quoted: IPVSHeader, isReply: Bool
    ) -> Bool {
        let c = connection.pointee
        let address = isReply ? c.virtual : c.destination
        let port = isReply ? c.virtualPort : c.destinationPort
        if quoted.hasPorts, quoted.fragmentOffset == 0 {
            guard packet.pointee.end &- quoted.transport >= 4 else { return false }
            (packet.pointee.buffer + Int(quoted.transport)).storeBE16(port, at: isReply ? 2 : 0)
        }
        let inner = packet.pointee.buffer + Int(quoted.network)
        if packet.isIPv4 {
            let ip = IPv4Header(inner)
            if isReply {
                packet.ipv4.source = address.ipv4
                ip.destination = address.ipv4
            } else {
                packet.ipv4.destination = address.ipv4
                ip.source = address.ipv4
            }
            packet.ipv4.storeChecksum()
            if Int(packet.pointee.end) - Int(quoted.network) >= ip.headerLength { ip.storeChecksum() }
            let icmp = packet.icmp
            icmp.checksum = 0
            icmp.checksum = InternetChecksum.checksum(packet.transportPointer, count: packet.transportLength)
        } else {
            let ip = IPv6Header(inner)
            if isReply {
                packet.ipv6.source = address
                ip.destination = address
            } else {
                packet.ipv6.destination = address
                ip.source = address
            }
            TransportChecksum.store(
                packet.transportPointer, length: packet.transportLength, protocolNumber: .icmpv6, family: .ipv6,
                source: packet.ipv6.source, destination: packet.ipv6.destination)
            packet.pointee.flags.insert(.checksumPartial)
        }
        return true
    }
}
