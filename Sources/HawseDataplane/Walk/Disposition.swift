/// How a packet ended. Every packet gets one; none just disappears.
public enum Disposition: Hashable, Sendable {
    /// Still on its way (or held in a queue).
    case pending
    /// Left by an interface.
    case transmitted
    /// Taken by a local process.
    case delivered
    /// Used up by the node itself: an ARP message, an echo request, an encapsulated packet, a fragment.
    case consumed
    case dropped(DropReason)
}

/// Every reason for a drop, named after the kernel's own where it has one (`enum skb_drop_reason`).
public enum DropReason: String, Hashable, Sendable, CaseIterable {
    // Link
    case interfaceDown, frameTooShort, unknownEtherType, notForUs, outOfPackets, loop
    // IP header
    case ipTruncated, ipVersion, ipHeaderLength, ipChecksum, ipLength, ipOptions, ipExtensionHeader
    // Rules
    case rule, policy, rejected, table
    case conntrackFull, conntrackInvalid, natExhausted, natFailed, socketMissing, queue
    // Routing
    case noRoute, unreachable, prohibited, blackhole, martianSource, martianDestination, reversePath
    case forwardingOff, ttlExceeded, packetTooBig, multicastUnwanted, broadcastUnwanted, linkLocalForward, sourceRoute
    // Fragments
    case fragmentOverlap, fragmentTimeout, fragmentMalformed, fragmentLimit
    // Neighbours and bridge
    case neighbourUnresolved, neighbourQueueFull, arpIgnored, arpMalformed, bridgeNoPort, bridgeSamePort, bridgeFiltered
    // VXLAN
    case vxlanUnknownVNI, vxlanFlags, vxlanNoPeer, vxlanInnerMalformed, vxlanOwnSource, vxlanECN, vxlanTooBig
    // Local delivery
    case noListener, checksum, transportMalformed, unknownProtocol, icmpUnwanted
    // IPVS
    case ipvsNoDestination, ipvsNoService, ipvsOverload, ipvsDefence, ipvsTTL, ipvsTooBig, ipvsNoRoute
    // Dummy devices swallow what they are sent
    case dummyDevice
    // Simulation
    case linkFault
}
