import HawseWire

/// New addresses and ports for a TCP or UDP packet in one go: the same bytes as one rewriting after the other, since
/// the checksum's sum does not depend on the order.
struct AddressChange {
    private let packet: PacketRef

    @inline(__always) init(_ packet: PacketRef) { self.packet = packet }

    @inline(__always)
    func apply(source: (AddressBits, UInt16)?, destination: (AddressBits, UInt16)?) {
        var addresses: UInt64 = 0
        if packet.isIPv4 {
            let ip = packet.ipv4
            if let source {
                addresses &+= ChecksumUpdate.delta32(from: ip.source, to: source.0.ipv4)
                ip.source = source.0.ipv4
            }
            if let destination {
                addresses &+= ChecksumUpdate.delta32(from: ip.destination, to: destination.0.ipv4)
                ip.destination = destination.0.ipv4
            }
            ip.checksum = ChecksumUpdate.apply(addresses, to: ip.checksum)
        } else {
            let ip = packet.ipv6
            if let source {
                addresses &+= ChecksumUpdate.delta128(from: ip.source, to: source.0)
                ip.source = source.0
            }
            if let destination {
                addresses &+= ChecksumUpdate.delta128(from: ip.destination, to: destination.0)
                ip.destination = destination.0
            }
        }
        let transport = packet.transportPointer
        var ports: UInt64 = 0
        if let source {
            ports &+= ChecksumUpdate.delta32(from: UInt32(transport.loadBE16(at: 0)), to: UInt32(source.1))
            transport.storeBE16(source.1, at: 0)
        }
        if let destination {
            ports &+= ChecksumUpdate.delta32(from: UInt32(transport.loadBE16(at: 2)), to: UInt32(destination.1))
            transport.storeBE16(destination.1, at: 2)
        }
        if packet.pointee.ipProtocol == 6 {
            let tcp = packet.tcp
            tcp.checksum = ChecksumUpdate.apply(addresses &+ ports, to: tcp.checksum)
        } else {
            let udp = packet.udp
            if udp.checksum != 0 {
                udp.checksum = TransportChecksum.nonZero(ChecksumUpdate.apply(addresses &+ ports, to: udp.checksum))
            }
        }
    }
}
