import HawseWire

/// Which connections `conntrack -D` (or `-L`) means: every field given must agree.
public struct ConnectionFilter: Hashable, Sendable {
    public var family: AddressFamily?
    public var ipProtocol: IPProtocol?
    public var originalSource: IPPrefix?
    public var originalDestination: IPPrefix?
    public var replySource: IPPrefix?
    public var replyDestination: IPPrefix?
    public var originalSourcePort: UInt16?
    public var originalDestinationPort: UInt16?
    public var replySourcePort: UInt16?
    public var replyDestinationPort: UInt16?
    /// Value and mask.
    public var mark: (value: UInt32, mask: UInt32)? {
        get { markValue.map { ($0, markMask) } }
        set {
            markValue = newValue?.value
            markMask = newValue?.mask ?? .max
        }
    }
    private var markValue: UInt32?
    private var markMask: UInt32 = .max
    public var zone: UInt16?
    /// TCP or SCTP state.
    public var state: String?
    /// `--src-nat`, `--dst-nat`: the connection's source or destination is translated.
    public var hasSourceNAT = false
    public var hasDestinationNAT = false

    public init() {}

    public func matches(_ connection: ConnectionListing) -> Bool {
        func contains(_ prefix: IPPrefix?, _ address: IPAddress) -> Bool { prefix?.contains(address) ?? true }
        func equal<Value: Equatable>(_ wanted: Value?, _ value: Value?) -> Bool { wanted == nil || wanted == value }
        let original = connection.original
        let reply = connection.reply
        guard equal(family, connection.family), equal(ipProtocol, connection.ipProtocol),
            contains(originalSource, original.source), contains(originalDestination, original.destination),
            contains(replySource, reply.source), contains(replyDestination, reply.destination),
            equal(originalSourcePort, original.ports.source), equal(originalDestinationPort, original.ports.destination),
            equal(replySourcePort, reply.ports.source), equal(replyDestinationPort, reply.ports.destination),
            equal(state, connection.state)
        else { return false }
        if let markValue, (connection.mark ?? 0) & markMask != markValue { return false }
        if let zone, zone != connection.zone ?? original.zone ?? reply.zone ?? 0 { return false }
        let isSourceChanged = original.source != reply.destination || original.ports.source != reply.ports.destination
        let isDestinationChanged = original.destination != reply.source
            || original.ports.destination != reply.ports.source
        return (!hasSourceNAT || isSourceChanged) && (!hasDestinationNAT || isDestinationChanged)
    }
}

extension ConnectionListing.Ports {
    public var source: UInt16? {
        if case .ports(let source, _) = self { return source }
        return nil
    }

    public var destination: UInt16? {
        if case .ports(_, let destination) = self { return destination }
        return nil
    }
}
