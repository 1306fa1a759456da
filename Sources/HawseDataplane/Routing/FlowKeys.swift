import HawseModel
import HawseWire

/// What the kernel's flow dissector makes of a packet (`struct flow_keys`, `__skb_flow_dissect`): rules that ask for
/// protocol or ports, and the choice among several next hops, go by it and not by what the stack itself reads.
struct FlowKeys {
    var source: AddressBits = .zero
    var destination: AddressBits = .zero
    var isIPv4 = true
    var ipProtocol: IPProtocol = .unspecified
    /// In host order, as the dissector leaves it; that of the outer packet where an inner one has none.
    var flowLabel: UInt32 = 0
    var sourcePort: UInt16 = 0
    var destinationPort: UInt16 = 0
    /// `FLOW_DIS_ENCAPSULATION`.
    var isEncapsulated = false

    /// Dissects `length` bytes that begin with an IP header. `stopsAtEncapsulation`: what a tunnel carries is not looked
    /// at (`FLOW_DISSECTOR_F_STOP_AT_ENCAP`).
    init(_ base: UnsafeRawPointer, length: Int, isIPv4: Bool, stopsAtEncapsulation: Bool) {
        var at = 0
        var version = isIPv4 ? 4 : 6
        // `MAX_FLOW_DISSECT_HDRS`.
        for _ in 0..<15 {
            guard takeHeader(base, length, &at, version), let inner = takeUpper(base, length, &at, version) else { return }
            isEncapsulated = true
            if stopsAtEncapsulation { return }
            version = inner
        }
    }

    /// Addresses and protocol of an IP header; `false` ends the dissection, also at a fragment.
    private mutating func takeHeader(_ base: UnsafeRawPointer, _ length: Int, _ at: inout Int, _ version: Int) -> Bool {
        if version == 4 {
            guard length - at >= 20 else { return false }
            let header = IPv4Header(UnsafeMutableRawPointer(mutating: base + at))
            guard header.headerLength >= 20 else { return false }
            (source, destination, isIPv4) = (header.sourceBits, header.destinationBits, true)
            ipProtocol = header.protocolNumber
            at += header.headerLength
            return !header.isFragment
        }
        guard length - at >= 40 else { return false }
        let header = IPv6Header(UnsafeMutableRawPointer(mutating: base + at))
        (source, destination, isIPv4) = (header.source, header.destination, false)
        if header.flowLabel != 0 { flowLabel = header.flowLabel }
        ipProtocol = header.nextHeader
        at += 40
        return true
    }

    /// Goes through extension headers to the upper protocol and its ports. The version of a packet inside, if one follows.
    private mutating func takeUpper(_ base: UnsafeRawPointer, _ length: Int, _ at: inout Int, _ version: Int) -> Int? {
        for _ in 0..<15 {
            switch ipProtocol {
            case .hopByHop, .routing, .destinationOptions:
                guard version == 6, length - at >= 2 else { return nil }
                ipProtocol = base.loadProtocol(at: at)
                at += (Int(base.load8(at: at + 1)) + 1) * 8
                if at > length { at = length }
            case .fragment:
                // Neither later fragments nor the first one are looked into.
                if version == 6, length - at >= 8 { ipProtocol = base.loadProtocol(at: at) }
                return nil
            case .ipip: return 4
            case .ipv6: return 6
            case .gre: return takeGRE(base, length, &at)
            default:
                takePorts(base, length, at)
                return nil
            }
        }
        return nil
    }

    /// `proto_ports_offset`: an ESP or AH header's SPI stands where ports would.
    private mutating func takePorts(_ base: UnsafeRawPointer, _ length: Int, _ at: Int) {
        let offset: Int
        switch ipProtocol {
        case .tcp, .udp, .dccp, .esp, .sctp, .udplite: offset = at
        case .ah: offset = at + 4
        default: return
        }
        guard length - offset >= 4 else { return }
        (sourcePort, destinationPort) = (base.loadBE16(at: offset), base.loadBE16(at: offset + 2))
    }

    /// `__skb_flow_dissect_gre`, version 0.
    private func takeGRE(_ base: UnsafeRawPointer, _ length: Int, _ at: inout Int) -> Int? {
        guard length - at >= 4 else { return nil }
        let flags = base.loadBE16(at: at)
        guard flags & 0x4007 == 0 else { return nil }
        var type = base.loadEtherType(at: at + 2)
        at += 4 + (flags & 0x8000 != 0 ? 4 : 0) + (flags & 0x2000 != 0 ? 4 : 0) + (flags & 0x1000 != 0 ? 4 : 0)
        if type == .transparentEthernet {
            guard length - at >= 14 else { return nil }
            type = base.loadEtherType(at: at + 12)
            at += 14
        }
        return type == .ipv4 ? 4 : type == .ipv6 ? 6 : 0
    }
}

extension PacketRef {
    func flowKeys(stopsAtEncapsulation: Bool) -> FlowKeys {
        FlowKeys(networkPointer, length: length, isIPv4: isIPv4, stopsAtEncapsulation: stopsAtEncapsulation)
    }
}
