import HawseModel
import HawseWire

/// Reads that many matches share.
extension UnsafeMutablePointer where Pointee == Packet {
    /// `ipv4_get_dsfield` / `ipv6_get_dsfield`.
    @inline(__always) var dsField: UInt8 { isIPv4 ? ipv4.tos : ipv6.trafficClass }
    @inline(__always) var hopLimit: UInt8 { isIPv4 ? ipv4.ttl : ipv6.hopLimit }

    /// Fragment offset as the IPv4 matches see it: in units of eight bytes.
    @inline(__always) var isAtOffsetOne: Bool { isIPv4 && pointee.fragmentOffset == 8 }

    /// `skb_header_pointer` from the network header: `nil` when the packet ends before.
    @inline(__always)
    func bytes(at offset: Int, count: Int) -> UnsafeMutableRawPointer? {
        guard offset >= 0, count >= 0, offset <= length, count <= length &- offset else { return nil }
        return networkPointer + offset
    }

    /// Bytes from the network to the transport header.
    @inline(__always) var transportOffset: Int { Int(pointee.transport &- pointee.network) }
}

/// Where a protocol has its ports, from its header's start (`proto_ports_offset`); `nil` when it has none.
@inline(__always)
func portsOffset(_ ipProtocol: IPProtocol) -> Int? {
    switch ipProtocol {
    case .tcp, .udp, .dccp, .esp, .sctp, .udplite: 0
    case .ah: 4
    default: nil
    }
}
