import HawseModel
import HawseWire

/// The way that packets of a connection's direction take as long as nothing changes: what they must be like, what
/// happens to them, and which counters they add to.
///
/// Connections share trajectories: thousands of flows between the same devices by the same rules have one. What is a
/// connection's own (addresses, ports, state) stays in its record. Counters are added up here and handed on when
/// somebody reads them.
struct Trajectory {
    // What a packet must be like.
    var destinationMAC: UInt64 = 0
    /// The bridge whose port the frame came in by: it learns the sender's MAC. 0: none.
    var bridge: UInt16 = 0
    var inInterface: UInt16 = 0
    var version: UInt8 = 0
    /// TOS or traffic class.
    var service: UInt8 = 0
    var info: ConnectionInfo = .none
    var direction: Direction = .original
    /// IP bytes that still fit every MTU on the way.
    var maximumLength: Int32 = 0

    // What happens to it.
    var outInterface: UInt16 = 0
    var rewritesSource = false
    var rewritesDestination = false
    /// Routed: one hop less. Bridged frames keep theirs.
    var takesHop = true
    /// The Ethernet header it leaves with: 14 bytes, in network order of significance.
    var ethernetHigh: UInt64 = 0
    var ethernetMiddle: UInt32 = 0
    var ethernetType: UInt16 = 0
    var mark: UInt32 = 0
    /// It goes into a VXLAN device, and from there on as what the tunnel makes of it.
    var isOverlay = false

    // What has been counted and not yet handed on.
    var packets: UInt64 = 0
    /// IP bytes.
    var bytes: UInt64 = 0
    var firstHit: UInt32 = 0
    var hitCount: UInt32 = 0
}

/// A counter on a trajectory's way.
struct TrajectoryHit: Hashable {
    var counters: UnsafeMutablePointer<Counters>
    /// How much longer than on arrival the packet is here.
    var offset: Int32
}
