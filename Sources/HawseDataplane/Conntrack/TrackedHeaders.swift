import HawseModel
import HawseWire

/// What a tracker reads of a packet: where its headers lie, be it in a packet's buffer or still in the frame as it came.
struct TrackedHeaders {
    let ip: UnsafeMutableRawPointer
    let transport: UnsafeMutableRawPointer
    /// Bytes from the transport header to the packet's end.
    let transportLength: Int
    /// Bytes from the IP header to the packet's end.
    let length: Int
    let isIPv4: Bool

    @inline(__always)
    init(ip: UnsafeMutableRawPointer, transport: UnsafeMutableRawPointer, length: Int, isIPv4: Bool) {
        self.ip = ip
        self.transport = transport
        self.length = length
        self.isIPv4 = isIPv4
        transportLength = length &- (transport - ip)
    }

    @inline(__always)
    init(_ packet: PacketRef) {
        self.init(
            ip: packet.networkPointer, transport: packet.transportPointer, length: packet.length, isIPv4: packet.isIPv4)
    }

    /// The transport checksum with its pseudo header.
    @inline(__always)
    func isIntact(_ protocolNumber: IPProtocol) -> Bool {
        let source = isIPv4 ? IPv4Header(ip).sourceBits : IPv6Header(ip).source
        let destination = isIPv4 ? IPv4Header(ip).destinationBits : IPv6Header(ip).destination
        return TransportChecksum.isValid(
            transport, length: transportLength, protocolNumber: protocolNumber, family: isIPv4 ? .ipv4 : .ipv6,
            source: source, destination: destination)
    }
}
