import HawseModel
import HawseWire

/// Routing tables and rules of both families (`fib_trie`, `fib_rules`, `ip6_fib`).
struct RoutingState {
    init(_ spec: NodeSpec, interfaces: InterfaceTable) {}
    func deallocate() {}
}

extension Walk {
    /// `ip_route_input` / `ip6_route_input` for a packet from outside, with rp_filter and martian checks.
    @inline(__always)
    func lookupInput(_ packet: PacketRef) -> RouteResult { RouteResult() }

    /// `ip_route_output_key`: the route for a packet of the node itself. `out` is a device it is bound to (0: any).
    func lookupOutput(
        family: AddressFamily, source: AddressBits, destination: AddressBits, mark: UInt32, tos: UInt8, out: UInt16
    ) -> RouteResult { RouteResult() }

    /// `ip_route_me_harder`: routes a packet again after OUTPUT or IPVS changed what its route depended on.
    /// Returns `false` when there is no way any more.
    func routeAgain(_ packet: PacketRef) -> Bool { true }

    /// How an address would be classified (`inet_addr_type`, `ipv6_addr_type` with routes): for `addrtype` and NAT.
    func addressKind(_ address: AddressBits, family: AddressFamily, on device: UInt16) -> RouteResult.Kind { .unicast }

    /// The address MASQUERADE takes: what routing would choose towards the packet's gateway (`inet_select_addr`).
    func masqueradeAddress(_ packet: PacketRef, device: UInt16) -> AddressBits? { nil }

    /// The first address of the packet's incoming device: what REDIRECT takes.
    func redirectAddress(_ packet: PacketRef) -> AddressBits? { nil }

    /// A packet that no route takes: the ICMP error it is answered with, and its end.
    func routeFailed(_ packet: PacketRef, _ route: RouteResult) -> Stage { drop(packet, .noRoute) }

    /// `ip_forward`'s refusals (switch off, wrong packet type, TTL, DF): `nil` when the packet may go on.
    @inline(__always)
    func refuseForward(_ packet: PacketRef) -> Stage? { nil }

    /// Multicast from outside: delivered where a group is joined, else dropped.
    func multicastInput(_ packet: PacketRef) -> Stage { drop(packet, .multicastUnwanted) }

    /// `ip6_rcv_core`'s address checks.
    @inline(__always)
    func refuseIPv6Addresses(_ packet: PacketRef) -> DropReason? { nil }
}
