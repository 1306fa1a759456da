import HawseModel
import HawseWire

/// `-m conntrack` and `-m state` (`conntrack_mt`).
struct ConntrackOperation: MatchOperation {
    var states: UInt16
    var statesInverted: Bool
    var hasStates: Bool
    /// Only states are asked for: nothing behind them stands in the arena's cold part.
    var isStatesOnly: Bool
    /// 0, 1, or 2 for any.
    var direction: UInt8
    var hasStatus: Bool
    var status: UInt16
    var statusInverted: Bool
    var hasProtocol: Bool
    var ipProtocol: IPProtocol
    var protocolInverted: Bool
    var hasExpiry: Bool
    var expiry: NumberRange<UInt32>
    var originalSource: MaskedAddress
    var originalDestination: MaskedAddress
    var replySource: MaskedAddress
    var replyDestination: MaskedAddress
    var originalSourcePorts: NumberRange<UInt16>
    var originalDestinationPorts: NumberRange<UInt16>
    var replySourcePorts: NumberRange<UInt16>
    var replyDestinationPorts: NumberRange<UInt16>
    var hasTuples: Bool

    init(_ match: ConntrackMatch) {
        states = match.states?.value.rawValue ?? 0
        statesInverted = match.states?.inverted ?? false
        hasStates = match.states != nil
        direction = match.direction?.rawValue ?? 2
        hasStatus = match.status != nil
        status = match.status?.value.rawValue ?? 0
        statusInverted = match.status?.inverted ?? false
        hasProtocol = match.ipProtocol != nil
        ipProtocol = match.ipProtocol?.number ?? .unspecified
        protocolInverted = match.ipProtocol?.inverted ?? false
        hasExpiry = match.expiry != nil
        expiry = NumberRange(match.expiry)
        originalSource = MaskedAddress(match.originalSource)
        originalDestination = MaskedAddress(match.originalDestination)
        replySource = MaskedAddress(match.replySource)
        replyDestination = MaskedAddress(match.replyDestination)
        originalSourcePorts = NumberRange(match.originalSourcePorts)
        originalDestinationPorts = NumberRange(match.originalDestinationPorts)
        replySourcePorts = NumberRange(match.replySourcePorts)
        replyDestinationPorts = NumberRange(match.replyDestinationPorts)
        hasTuples =
            match.originalSource != nil || match.originalDestination != nil || match.replySource != nil
            || match.replyDestination != nil || match.originalSourcePorts != nil
            || match.originalDestinationPorts != nil || match.replySourcePorts != nil
            || match.replyDestinationPorts != nil
        isStatesOnly =
            hasStates && !hasTuples && !hasStatus && !hasProtocol && !hasExpiry && match.direction == nil
    }

    @inline(__always)
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let packet = context.packet
        var bits: UInt16
        switch packet.pointee.connectionInfo {
        case .established, .establishedReply: bits = ConntrackMatch.States.established.rawValue
        case .related, .relatedReply: bits = ConntrackMatch.States.related.rawValue
        case .new: bits = ConntrackMatch.States.new.rawValue
        case .untracked: bits = ConntrackMatch.States.untracked.rawValue
        case .none: bits = ConntrackMatch.States.invalid.rawValue
        }
        if packet.pointee.connection == 0 {
            if packet.pointee.connectionTemplate.isSet { return matchesTemplate(operation.pointee) }
            if operation.pointee.hasStates, (bits & operation.pointee.states != 0) == operation.pointee.statesInverted {
                return false
            }
            return operation.pointee.hasStates
        }
        if operation.pointee.hasStates {
            let status = context.node.pointee.connections[packet.pointee.connection].pointee.status
            if status.contains(.sourceNAT) { bits |= ConntrackMatch.States.snat.rawValue }
            if status.contains(.destinationNAT) { bits |= ConntrackMatch.States.dnat.rawValue }
            if (bits & operation.pointee.states != 0) == operation.pointee.statesInverted { return false }
            if operation.pointee.isStatesOnly { return true }
        }
        return matchesRest(operation, context)
    }

    @inline(never)
    private static func matchesRest(_ operation: UnsafeMutablePointer<Self>, _ context: RuleContext) -> Bool {
        let packet = context.packet
        let test = operation.pointee
        let connections = context.node.connectionTable
        let connection = connections.pointee[packet.pointee.connection]
        if test.direction != 2, packet.pointee.connectionInfo.isReply != (test.direction == 1) { return false }
        if test.hasTuples {
            let original = connections.pointee.tuple(of: connection, .original)
            let reply = connections.pointee.tuple(of: connection, .reply)
            guard test.originalSource.holds(original.source), test.originalDestination.holds(original.destination),
                test.replySource.holds(reply.source), test.replyDestination.holds(reply.destination),
                test.originalSourcePorts.contains(original.sourcePort),
                test.originalDestinationPorts.contains(original.destinationPort),
                test.replySourcePorts.contains(reply.sourcePort),
                test.replyDestinationPorts.contains(reply.destinationPort)
            else { return false }
        }
        if test.hasProtocol, (connection.pointee.ipProtocol == test.ipProtocol) == test.protocolInverted { return false }
        if test.hasStatus, (connection.pointee.status.rawValue & test.status != 0) == test.statusInverted { return false }
        if test.hasExpiry {
            connections.pointee.settle(connection)
            // Before it is confirmed the timeout is no point in time yet, and reads as long over (`nf_ct_expires`).
            let left = connection.pointee.isConfirmed ? connection.pointee.remaining(at: context.node.pointee.now) : 0
            return test.expiry.contains(UInt32(clamping: left / 1_000_000_000))
        }
        return true
    }
}

extension ConntrackOperation {
    /// Between the CT target and the lookup a template is the packet's connection: NEW, CONFIRMED, of no protocol, from
    /// nowhere to nowhere.
    @inline(never)
    private static func matchesTemplate(_ test: Self) -> Bool {
        let nowhere = AddressBits.zero
        if test.hasStates, (ConntrackMatch.States.new.rawValue & test.states != 0) == test.statesInverted { return false }
        guard test.direction != 1, test.originalSource.holds(nowhere), test.originalDestination.holds(nowhere),
            test.replySource.holds(nowhere), test.replyDestination.holds(nowhere), test.originalSourcePorts.contains(0),
            test.originalDestinationPorts.contains(0), test.replySourcePorts.contains(0),
            test.replyDestinationPorts.contains(0)
        else { return false }
        if test.hasProtocol, (test.ipProtocol == .unspecified) == test.protocolInverted { return false }
        if test.hasStatus {
            let status = ConnectionStatus.confirmed.rawValue
            if (status & test.status != 0) == test.statusInverted { return false }
        }
        return !test.hasExpiry || test.expiry.contains(0)
    }
}

extension RuleContext {
    /// The packet's connection; `nil` for INVALID and UNTRACKED.
    @inline(__always)
    var connection: ConnectionRef? {
        packet.pointee.connection == 0 ? nil : node.pointee.connections[packet.pointee.connection]
    }

    /// The source of the connection's first packet, or of its master's when an expectation foresaw it.
    var originalSourceOfMaster: AddressBits? {
        guard let own = connection else { return nil }
        return node.pointee.connections.tuple(of: master(of: own) ?? own, .original).source
    }

    func master(of connection: ConnectionRef) -> ConnectionRef? {
        node.pointee.connections.cold(connection).flatMap { node.pointee.connections.live($0.pointee.master) }
    }

    /// A reply to a connection whose source was translated: the address and port its socket knows.
    var sourceBeforeNAT: (AddressBits, UInt16)? {
        guard let connection, packet.pointee.connectionInfo == .establishedReply,
            connection.pointee.status.contains(.sourceNATDone)
        else { return nil }
        let original = node.pointee.connections.tuple(of: connection, .original)
        return (original.source, original.sourcePort)
    }
}
