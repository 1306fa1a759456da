import HawseModel
import HawseWire

extension Walk {
    /// A zeroed packet of the node's own, `bytes` long from the network header; `nil` when too many packets are alive.
    func newPacket(bytes: Int) -> PacketRef? {
        guard let packet = node.pointee.pool.take(bytes: bytes) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return nil
        }
        packet.pointee.network = Int32(PacketPool.headroom)
        packet.pointee.end = packet.pointee.network + Int32(bytes)
        packet.networkPointer.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        packet.pointee.flags = [.local]
        packet.pointee.uid = Packet.kernelSocket
        return packet
    }

    /// Sends a packet of the node's own at once, before the present one goes on: the kernel calls straight through.
    /// The chain of packets that cause packets is bounded.
    func sendNow(_ packet: PacketRef, causedBy parent: PacketRef?, stage: Stage) {
        packet.pointee.stage = stage
        if let parent {
            packet.pointee.generation = parent.pointee.generation &+ 1
            packet.pointee.cause = parent.pointee.cause
            packet.pointee.flags.formUnion(parent.pointee.flags.intersection(.whileCalling))
        } else {
            packet.pointee.cause = node.pointee.frameOrdinal
        }
        guard packet.pointee.generation < 16 else {
            packet.pointee.disposition = .dropped(.loop)
            finish(packet)
            return
        }
        run(packet)
    }

    /// A copy of a packet with all that the stack knows of it, except its connection and queue handles (`skb_copy`).
    func copy(_ packet: PacketRef) -> PacketRef? {
        voidRecording()
        let start = packet.pointee.mac >= 0 ? min(packet.pointee.mac, packet.pointee.network) : packet.pointee.network
        let bytes = Int(packet.pointee.end) - Int(packet.pointee.network)
        guard let twin = node.pointee.pool.take(bytes: bytes) else {
            node.pointee.outcomes.count(.dropped(.outOfPackets))
            return nil
        }
        let shift = Int32(PacketPool.headroom) - packet.pointee.network
        let buffer = twin.pointee.buffer
        let capacity = twin.pointee.capacity
        twin.pointee = packet.pointee
        twin.pointee.buffer = buffer
        twin.pointee.capacity = capacity
        twin.pointee.network += shift
        twin.pointee.transport += shift
        twin.pointee.end += shift
        if packet.pointee.mac >= 0 { twin.pointee.mac += shift }
        (buffer + Int(start + shift)).copyMemory(
            from: packet.pointee.buffer + Int(start), byteCount: Int(packet.pointee.end - start))
        twin.pointee.connection = 0
        twin.pointee.connectionInfo = .none
        twin.pointee.fragmentGeometry = 0
        twin.pointee.virtualConnection = 0
        twin.pointee.disposition = .pending
        return twin
    }

    /// Writes an IPv4 header without options (`ip_build_and_send_pkt`). Source and destination in host order.
    @inline(__always)
    func writeIPv4(
        _ packet: PacketRef, protocolNumber: IPProtocol, source: UInt32, destination: UInt32, tos: UInt8, ttl: UInt8,
        dontFragment: Bool, identification: UInt16, headerLength: Int = 20
    ) {
        if headerLength == 20 {
            writePlainIPv4(
                packet, protocolNumber: protocolNumber, source: source, destination: destination, tos: tos, ttl: ttl,
                fragmentField: dontFragment ? 0x4000 : 0, identification: identification)
            return
        }
        let ip = packet.ipv4
        ip.versionAndLength = 0x40 | UInt8(headerLength >> 2)
        ip.tos = tos
        ip.totalLength = UInt16(truncatingIfNeeded: packet.length)
        ip.identification = identification
        ip.fragmentField = dontFragment ? 0x4000 : 0
        ip.ttl = ttl
        ip.protocolNumber = protocolNumber
        ip.source = source
        ip.destination = destination
        ip.storeChecksum()
        packet.pointee.version = 4
        packet.pointee.ipProtocol = protocolNumber
        packet.pointee.transport = packet.pointee.network + Int32(headerLength)
        packet.pointee.etherType = .ipv4
    }

    /// Five words as two and a half stores, the checksum from the values: nothing just written is read back.
    @inline(__always)
    private func writePlainIPv4(
        _ packet: PacketRef, protocolNumber: IPProtocol, source: UInt32, destination: UInt32, tos: UInt8, ttl: UInt8,
        fragmentField: UInt16, identification: UInt16
    ) {
        let length = UInt64(UInt16(truncatingIfNeeded: packet.length))
        let first: UInt64 =
            0x4500_0000_0000_0000 | UInt64(tos) << 48 | length << 32 | UInt64(identification) << 16
            | UInt64(fragmentField)
        let second = UInt64(ttl) << 56 | UInt64(protocolNumber.rawValue) << 48 | UInt64(source)
        let sum =
            (first >> 32) &+ (first & 0xffff_ffff) &+ (second >> 32) &+ (second & 0xffff_ffff) &+ UInt64(destination)
        let base = packet.networkPointer
        base.storeBE64(first, at: 0)
        base.storeBE64(second | UInt64(~InternetChecksum.fold(sum)) << 32, at: 8)
        base.storeBE32(destination, at: 16)
        packet.pointee.version = 4
        packet.pointee.ipProtocol = protocolNumber
        packet.pointee.transport = packet.pointee.network &+ 20
        packet.pointee.etherType = .ipv4
    }

    @inline(__always)
    func writeIPv6(
        _ packet: PacketRef, protocolNumber: IPProtocol, source: AddressBits, destination: AddressBits,
        trafficClass: UInt8, flowLabel: UInt32, hopLimit: UInt8
    ) {
        let ip = packet.ipv6
        ip.versionWord = 0x6000_0000 | UInt32(trafficClass) << 20 | flowLabel & 0xf_ffff
        ip.payloadLength = UInt16(truncatingIfNeeded: packet.length - 40)
        ip.nextHeader = protocolNumber
        ip.hopLimit = hopLimit
        ip.source = source
        ip.destination = destination
        packet.pointee.version = 6
        packet.pointee.ipProtocol = protocolNumber
        packet.pointee.transport = packet.pointee.network + 40
        packet.pointee.etherType = .ipv6
    }

    /// `IP4_REPLY_MARK`, `IP6_REPLY_MARK`: with `fwmark_reflect` an answer of the node's own has the packet's mark.
    func reflectedMark(_ packet: PacketRef) -> UInt32 {
        guard packet.pointee.mark != 0 else { return 0 }
        let name = packet.isIPv4 ? "net.ipv4.fwmark_reflect" : "net.ipv6.fwmark_reflect"
        return node.pointee.settings.all.isOn(name, default: false) ? packet.pointee.mark : 0
    }

    /// `ip_select_ident` for packets that may be fragmented: the kernel draws from a hash, we from a seeded stream.
    func newIdentification() -> UInt16 {
        UInt16(truncatingIfNeeded: node.pointee.chance.ipIdentification.next())
    }

    private static var flowLabels: FlowHash { FlowHash(seed: 0x7f4a_7c15) }

    /// `ip6_make_flowlabel`: 0 unless `auto_flowlabels` is on (its default).
    func autoFlowLabel(_ source: AddressBits, _ destination: AddressBits, _ rest: UInt64) -> UInt32 {
        guard node.pointee.settings.autoFlowLabels else { return 0 }
        return UInt32(truncatingIfNeeded: Self.flowLabels(source, destination, rest) >> 20) & 0xf_ffff
    }
}
