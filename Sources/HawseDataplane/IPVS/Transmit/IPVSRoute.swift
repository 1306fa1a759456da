import HawseModel
import HawseWire

/// What `__ip_vs_get_out_rt` found.
enum IPVSRoute {
    /// The server's address is the node's own.
    case local
    /// The packet's route leads to the server; TTL and MTU have been seen to.
    case remote
    /// No way: the packet has been answered if it is to be.
    case failed(DropReason)
}

/// Which routes will do (`IP_VS_RT_MODE_*`).
struct IPVSRouteMode: OptionSet {
    var rawValue: UInt8
    static let local = IPVSRouteMode(rawValue: 1)
    static let nonLocal = IPVSRouteMode(rawValue: 2)
    /// A request from outside may be turned to a local server by rewriting it.
    static let redirect = IPVSRouteMode(rawValue: 4)
    /// The server's own address is the next hop.
    static let knownNextHop = IPVSRouteMode(rawValue: 16)
    static let tunnel = IPVSRouteMode(rawValue: 32)
}

extension Walk {
    /// `__ip_vs_get_out_rt`: the way to `address`, put into the packet unless it is local.
    ///
    /// The order of the checks is that of the answers: TTL first, then the MTU, with the TTL already lowered.
    @inline(__always)
    func ipvsRoute(
        _ packet: PacketRef, to address: AddressBits, version: UInt8, server: Int32, mode: IPVSRouteMode,
        _ header: IPVSHeader
    ) -> IPVSRoute {
        if server >= 0, version == 4, packet.isIPv4, !mode.contains(.tunnel) {
            // The server's own way is known, and nothing about the packet is out of the ordinary.
            let s = node.pointee.ipvs.servers[server]
            let ip = packet.ipv4
            if s.pointee.routeGeneration == node.pointee.routing.cache.generation, ip.ttl > 1,
                packet.length <= Int(s.pointee.routeMTU), ip.source >> 24 != 127
            {
                noteLimit(Int(s.pointee.routeMTU), packet)
                ip.decrementTTL()
                packet.pointee.route = s.pointee.route
                return .remote
            }
        }
        return ipvsRouteSlowly(packet, to: address, version: version, server: server, mode: mode, header)
    }

    @inline(never)
    private func ipvsRouteSlowly(
        _ packet: PacketRef, to address: AddressBits, version: UInt8, server: Int32, mode: IPVSRouteMode,
        _ header: IPVSHeader
    ) -> IPVSRoute {
        var route = lookupOutput(
            family: version == 6 ? .ipv6 : .ipv4, source: .zero, destination: address, mark: 0, tos: 0, out: 0)
        let isLocal: Bool
        switch route.kind {
        case .local, .broadcast, .anycast: isLocal = true
        case .unicast, .multicast: isLocal = false
        default:
            sendHostUnreachable(packet)
            return .failed(.ipvsNoRoute)
        }
        let isByServer = isLookupByServer(server, mode)
        if crossesLocalBoundary(packet, isLocal: isLocal, mode) { return .failed(.ipvsNoRoute) }
        if isLocal { return .local }
        guard decrementTTL(packet) else { return .failed(.ipvsTTL) }
        var mtu = route.mtu != 0 ? Int(route.mtu) : node.pointee.interfaces[route.outInterface].pointee.mtu
        if mode.contains(.tunnel), server >= 0, version == 4 {
            let s = node.pointee.ipvs.servers[server]
            let known = node.pointee.ipvs.pathMTU(server)
            if known != 0 { mtu = Int(known) }
            s.pointee.boundMTU = Int32(clamping: mtu)
            s.pointee.isBoundToPathMTU = known != 0
        }
        if mode.contains(.tunnel) {
            mtu -= tunnelOverhead(server, outerVersion: version)
            if mtu < (version == 6 ? 1280 : 68) { return .failed(.ipvsTooBig) }
        }
        noteLimit(mtu, packet)
        guard isMTUAdequate(packet, mtu, mode, header) else { return .failed(.ipvsTooBig) }
        if isByServer || mode.contains(.tunnel) || packet.pointee.version != version,
            route.gatewayVersion == 0
        {
            route.gatewayVersion = version
            route.gateway = address
        }
        packet.pointee.route = route
        if server >= 0, version == 4, packet.isIPv4, !mode.contains(.tunnel), mode.contains(.local) {
            let s = node.pointee.ipvs.servers[server]
            s.pointee.route = route
            s.pointee.routeMTU = Int32(clamping: mtu)
            s.pointee.routeGeneration = node.pointee.routing.cache.generation
        }
        return .remote
    }

    /// Whether the route has the server as its next hop whatever the packet's destination (`FLOWI_FLAG_KNOWN_NH`). The
    /// first packet to the server decides it for all, though its connection may forward in another way.
    private func isLookupByServer(_ server: Int32, _ mode: IPVSRouteMode) -> Bool {
        guard server >= 0 else { return mode.contains(.knownNextHop) }
        let s = node.pointee.ipvs.servers[server]
        let generation = node.pointee.routing.cache.generation
        if s.pointee.lookupGeneration != generation {
            s.pointee.lookupGeneration = generation
            s.pointee.isLookupByServer = mode.contains(.knownNextHop)
        }
        return s.pointee.isLookupByServer
    }

    /// `crosses_local_route_boundary`
    private func crossesLocalBoundary(_ packet: PacketRef, isLocal: Bool, _ mode: IPVSRouteMode) -> Bool {
        if isLocal {
            if !mode.contains(.local) { return true }
            let wasLocal = packet.pointee.route.kind == .local || packet.pointee.route.kind == .broadcast
            return !mode.contains(.redirect) && !wasLocal
        }
        if !mode.contains(.nonLocal) { return true }
        if packet.isIPv4 { return packet.ipv4.source >> 24 == 127 }
        return packet.ipv6.source == AddressBits(high: 0, low: 1)
            && (packet.pointee.inInterface == 0 || packet.pointee.inInterface == node.pointee.interfaces.loopback)
    }

    private func decrementTTL(_ packet: PacketRef) -> Bool {
        if packet.isIPv4 {
            if packet.ipv4.ttl <= 1 {
                sendICMPError(about: packet, type: ICMPType.timeExceeded, code: 0, info: 0)
                return false
            }
            packet.ipv4.decrementTTL()
        } else {
            if packet.ipv6.hopLimit <= 1 {
                sendICMPError(about: packet, type: ICMPv6Type.timeExceeded, code: 0, info: 0)
                return false
            }
            packet.ipv6.hopLimit &-= 1
        }
        return true
    }

    /// `ensure_mtu_is_adequate`
    private func isMTUAdequate(
        _ packet: PacketRef, _ mtu: Int, _ mode: IPVSRouteMode, _ header: IPVSHeader
    ) -> Bool {
        if packet.pointee.flags.contains(.gso) { return true }
        if packet.isIPv6 {
            let largest = Int(packet.pointee.fragmentMaxSize)
            guard largest > 0 ? largest > mtu : packet.length > mtu else { return true }
            if header.fragmentOffset == 0, !header.isQuoted {
                sendICMPError(about: packet, type: ICMPv6Type.packetTooBig, code: 0, info: UInt32(max(mtu, 0)))
            }
            return false
        }
        if mode.contains(.tunnel), !node.pointee.ipvs.settings.pmtuDiscovery { return true }
        if packet.ipv4.fragmentField & 0x4000 != 0, packet.length > mtu, !header.isQuoted {
            sendICMPError(about: packet, type: ICMPType.destinationUnreachable, code: 4, info: UInt32(max(mtu, 0)))
            return false
        }
        return true
    }

    /// `dst_link_failure`
    private func sendHostUnreachable(_ packet: PacketRef) {
        if packet.isIPv4 {
            sendICMPError(about: packet, type: ICMPType.destinationUnreachable, code: 1, info: 0)
        } else {
            sendICMPError(about: packet, type: ICMPv6Type.destinationUnreachable, code: 3, info: 0)
        }
    }

    /// Bytes that a tunnel puts in front of the packet.
    private func tunnelOverhead(_ server: Int32, outerVersion: UInt8) -> Int {
        let outer = outerVersion == 6 ? 40 : 20
        guard server >= 0 else { return outer }
        let s = node.pointee.ipvs.servers[server]
        switch s.pointee.tunnel {
        case .ipip: return outer
        case .gue: return outer + 8 + 4
        case .gre: return outer + (s.pointee.tunnelChecksum == .full ? 8 : 4)
        }
    }
}
