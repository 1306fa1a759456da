/// How many packets went the short way of known flows, by what their way asked for. A packet may count in several.
public struct KnownFlowCounts: Hashable, Sendable {
    public var packets: UInt64 = 0
    /// Of virtual servers.
    public var virtual: UInt64 = 0
    /// … that no tracked connection has.
    public var untracked: UInt64 = 0
    /// Into tunnels, and out of them.
    public var encapsulated: UInt64 = 0
    public var decapsulated: UInt64 = 0
    /// To the node's own listeners.
    public var delivered: UInt64 = 0

    mutating func add(_ count: UInt64, _ flags: Trajectory.Flags) {
        packets &+= count
        if flags.contains(.isVirtual) { virtual &+= count }
        if flags.contains(.isUntracked) { untracked &+= count }
        if flags.contains(.encapsulates) { encapsulated &+= count }
        if flags.contains(.decapsulates) { decapsulated &+= count }
        if flags.contains(.delivers) { delivered &+= count }
    }
}

extension Dataplane {
    /// How many packets have gone the short way so far.
    public var knownFlowCounts: KnownFlowCounts { node.pointee.flows.counts() }
}
