import HawseModel
import HawseWire

/// The headers that a decision is made on (`struct ip_vs_iphdr`): the packet's own, or those quoted in an ICMP error.
struct IPVSHeader {
    /// 4 or 6.
    var version: UInt8
    var ipProtocol: IPProtocol
    /// Offsets in the packet's buffer of the IP and of the transport header.
    var network: Int32
    var transport: Int32
    var source: AddressBits
    var destination: AddressBits
    var fragmentOffset: UInt16
    /// Quoted in an ICMP error (`IP_VS_HDR_ICMP`).
    var isQuoted = false
    /// It went the other way (`IP_VS_HDR_INVERSE`).
    var isInverse = false

    @inline(__always)
    init(_ packet: PacketRef) {
        version = packet.pointee.version
        ipProtocol = packet.pointee.ipProtocol
        network = packet.pointee.network
        transport = packet.pointee.transport
        source = packet.sourceBits
        destination = packet.destinationBits
        fragmentOffset = packet.pointee.fragmentOffset
    }

    /// The header at an offset behind an ICMP header; `nil` when it is cut off.
    init?(quotedIn packet: PacketRef, at offset: Int32, isInverse: Bool) {
        let available = Int(packet.pointee.end) - Int(offset)
        let pointer = packet.pointee.buffer + Int(offset)
        version = packet.pointee.version
        network = offset
        isQuoted = true
        self.isInverse = isInverse
        if version == 4 {
            guard available >= 20 else { return nil }
            let ip = IPv4Header(pointer)
            guard ip.base.load8(at: 0) >> 4 == 4, ip.headerLength >= 20 else { return nil }
            ipProtocol = ip.protocolNumber
            transport = offset + Int32(ip.headerLength)
            source = ip.sourceBits
            destination = ip.destinationBits
            fragmentOffset = (ip.fragmentField & 0x1fff) &* 8
        } else {
            guard available >= 40 else { return nil }
            let ip = IPv6Header(pointer)
            let walk = IPv6ExtensionWalk.find(pointer, length: available)
            ipProtocol = walk.protocolNumber
            transport = offset + Int32(clamping: walk.offset)
            source = ip.source
            destination = ip.destination
            fragmentOffset = UInt16(truncatingIfNeeded: walk.fragmentOffset)
        }
    }

    /// Source and destination port, or `nil` when they are not in the packet.
    @inline(__always)
    func ports(_ packet: PacketRef) -> (source: UInt16, destination: UInt16)? {
        guard packet.pointee.end &- transport >= 4 else { return nil }
        let pointer = packet.pointee.buffer + Int(transport)
        return (pointer.loadBE16(at: 0), pointer.loadBE16(at: 2))
    }

    /// `ip_vs_conn_fill_param_proto`: source as the client's end, or the destination when it is inverse.
    @inline(__always)
    func flow(_ packet: PacketRef) -> VirtualFlow? {
        guard let ports = ports(packet) else { return nil }
        if isInverse {
            return VirtualFlow(
                version: version, ipProtocol: ipProtocol, client: destination, clientPort: ports.destination,
                virtual: source, virtualPort: ports.source)
        }
        return VirtualFlow(
            version: version, ipProtocol: ipProtocol, client: source, clientPort: ports.source, virtual: destination,
            virtualPort: ports.destination)
    }

    /// `conn_in_get` of the protocol: AH and ESP belong to the key exchange's connection.
    @inline(__always)
    func incomingFlow(_ packet: PacketRef) -> VirtualFlow? {
        if ipProtocol == .esp || ipProtocol == .ah { return isakmpFlow }
        return flow(packet)
    }

    private var isakmpFlow: VirtualFlow {
        VirtualFlow(
            version: version, ipProtocol: .udp, client: isInverse ? destination : source, clientPort: 500,
            virtual: isInverse ? source : destination, virtualPort: 500)
    }

    /// TCP, UDP, SCTP, AH or ESP: `ip_vs_proto_data_get` knows it.
    @inline(__always)
    var isSupported: Bool {
        ipProtocol == .tcp || ipProtocol == .udp || ipProtocol == .sctp || ipProtocol == .esp || ipProtocol == .ah
    }

    @inline(__always)
    var hasPorts: Bool { ipProtocol == .tcp || ipProtocol == .udp || ipProtocol == .sctp }
}
