import HawseModel
import HawseWire

/// What the schedulers look at, side by side in memory for every server of a service.
///
/// It begins as `hawse_load`, which is what the scans over all servers read.
struct ServerLoad {
    /// `activeconns`
    var active: Int32 = 0
    /// The weight while it may be given new connections, else 0: one look instead of two.
    private(set) var eligible: Int32 = 0
    /// `inactconns`
    var inactive: Int32 = 0
    var weight: Int32 = 0 {
        didSet { settle() }
    }
    /// 1: `IP_VS_DEST_F_OVERLOAD`
    var overloaded: Int32 = 0 {
        didSet { settle() }
    }
    /// Number of the server in `IPVSState.servers`.
    var server: Int32 = -1

    @inline(__always) var isOverloaded: Bool { overloaded != 0 }
    /// It may be given new connections.
    @inline(__always) var isUsable: Bool { eligible > 0 }

    @inline(__always)
    private mutating func settle() { eligible = overloaded == 0 ? max(weight, 0) : 0 }
}

/// A real server of one service (`struct ip_vs_dest`): in the service, in the trash, or free.
struct RealServer {
    var address: AddressBits = .zero
    var port: UInt16 = 0
    /// 4 or 6.
    var version: UInt8 = 0
    var forwarding: Forwarding = .masquerade
    var tunnel: TunnelKind = .ipip
    var tunnelChecksum: TunnelChecksum = .none
    var tunnelPort: UInt16 = 0
    /// `IP_VS_DEST_F_AVAILABLE`: it is in its service.
    var isAvailable = false
    var isInTrash = false
    /// The last weight that was not 0, or the one it was added with; what mh looks at.
    var lastWeight: Int32 = 0
    var upperThreshold: UInt32 = 0
    var lowerThreshold: UInt32 = 0
    /// What counts while it is not in a service.
    var detached = ServerLoad()
    /// `persistconns`: templates.
    var persistent: Int32 = 0
    /// Connections and scheduler tables that hold it.
    var references: Int32 = 0
    /// Number of the service it belongs (or belonged) to.
    var service: Int32 = -1
    /// `VirtualServer.serial` of that service: numbers are used again.
    var serviceSerial: UInt32 = 0
    /// What a service must be for it to come back from the trash to it.
    var mark: UInt32 = 0
    var ipProtocol: IPProtocol = .unspecified
    var virtualVersion: UInt8 = 0
    var virtual: AddressBits = .zero
    var virtualPort: UInt16 = 0
    /// Jiffy since which nothing in the trash refers to it; 0: still referred to.
    var idleSince: Int64 = 0
    var nextFree: Int32 = -1
    /// The way to it while the routes are of that generation (`dest_dst`); 0: to be looked up. Never a local one.
    var routeGeneration: UInt32 = 0
    var routeMTU: Int32 = 0
    var route = RouteResult()
    /// The generation of routes in which the kernel's route to it was looked up (0: not yet), and whether that was to have the
    /// server as its next hop: direct routing finds it so, and whoever comes later takes it as it is.
    var lookupGeneration: UInt32 = 0
    var isLookupByServer = false
    /// Of a tunnel: what errors said about the way to it, until which jiffy, and the MTU that the packets go by.
    var pathMTU: Int32 = 0
    var pathMTUEnd: Int64 = 0
    var boundMTU: Int32 = 0
    var isBoundToPathMTU = false
    var counters = IPVSCounters()

    enum TunnelKind: UInt8 { case ipip = 0, gue, gre }
    enum TunnelChecksum: UInt8 { case none = 0, full, remote }

    /// The connection flags it gives its connections (`conn_flags`).
    @inline(__always)
    var connectionFlags: VirtualConnection.Flags {
        var flags: VirtualConnection.Flags = [.inactive]
        if forwarding != .masquerade { flags.insert(.noOutput) }
        flags.rawValue |= UInt32(forwarding.rawValue)
        return flags
    }

    mutating func take(_ destination: Destination) {
        // What the command does not say about tunnels is said with ipvsadm's defaults, also of a server without a tunnel:
        // connections that it had as one go by that.
        tunnel = .ipip
        tunnelPort = 0
        tunnelChecksum = .none
        switch destination.forwarding {
        case .masquerade: forwarding = .masquerade
        case .directRoute: forwarding = .directRoute
        case .tunnel(let kind):
            forwarding = .tunnel
            switch kind {
            case .ipip: break
            case .gue(let port, let checksum):
                tunnel = .gue
                tunnelPort = port
                tunnelChecksum = TunnelChecksum(checksum)
            case .gre(let checksum):
                tunnel = .gre
                tunnelChecksum = TunnelChecksum(checksum)
            }
        }
    }

    /// As `ipvsadm` would write it.
    func destination(weight: Int32) -> Destination {
        let forwarding: Destination.Forwarding
        switch self.forwarding {
        case .masquerade, .localNode, .bypass: forwarding = .masquerade
        case .directRoute: forwarding = .directRoute
        case .tunnel:
            switch tunnel {
            case .ipip: forwarding = .tunnel(.ipip)
            case .gue: forwarding = .tunnel(.gue(port: tunnelPort, checksum: tunnelChecksum.model))
            case .gre: forwarding = .tunnel(.gre(checksum: tunnelChecksum.model))
            }
        }
        return Destination(
            address: IPAddress(family: version == 6 ? .ipv6 : .ipv4, bits: address), port: port,
            forwarding: forwarding, weight: weight, upperThreshold: upperThreshold, lowerThreshold: lowerThreshold)
    }
}

extension RealServer.TunnelChecksum {
    init(_ checksum: Destination.Tunnel.Checksum) {
        switch checksum {
        case .none: self = .none
        case .full: self = .full
        case .remote: self = .remote
        }
    }

    var model: Destination.Tunnel.Checksum {
        switch self {
        case .none: .none
        case .full: .full
        case .remote: .remote
        }
    }
}

typealias RealServerRef = UnsafeMutablePointer<RealServer>
