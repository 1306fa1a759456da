import HawseModel
import HawseWire

/// Walks a rendered rule set with the first packet of a connection and follows every choice that chance has.
///
/// A `statistic` match is taken both ways; `recent` lists are taken to be empty. A match that the walk does not
/// know is an error and never a guess.
struct FlowRuleWalk {
    struct Unsupported: Error, CustomStringConvertible {
        var what: String
        var description: String { "the flow walk does not know \(what)" }
    }

    /// Jumps nested deeper than this end the walk, as the kernel refuses such tables.
    static let depthLimit = 16

    let rules: RuleSet
    let localAddresses: Set<IPAddress>
    /// The mark that means masquerade.
    let mark: UInt32

    func isLocal(_ address: IPAddress) -> Bool { address.isLoopback || localAddresses.contains(address) }

    func outcome(_ packet: FlowPacket) throws -> FlowOutcome { FlowState.outcome(of: try ways(packet), markBit: mark) }

    /// Every way that the packet can go.
    func ways(_ packet: FlowPacket) throws -> [FlowState] {
        let isOwn = isLocal(packet.source)
        var states = try pass([FlowState(packet: packet)], .nat, isOwn ? "OUTPUT" : "PREROUTING")
        states = try pass(states, .filter) { state in
            isOwn ? "OUTPUT" : isLocal(state.packet.destination) ? "INPUT" : "FORWARD"
        }
        if isOwn {
            states = try pass(states, .filter) { isLocal($0.packet.destination) ? "INPUT" : nil }
        }
        return try pass(states, .nat) { isLocal($0.packet.destination) && !isOwn ? nil : "POSTROUTING" }
    }

    private func pass(_ states: [FlowState], _ table: TableName, _ chain: String) throws -> [FlowState] {
        try pass(states, table) { _ in chain }
    }

    private func pass(
        _ states: [FlowState], _ table: TableName, chainOf: (FlowState) -> String?
    ) throws -> [FlowState] {
        var result: [FlowState] = []
        for state in states {
            guard state.end == .none, let chain = chainOf(state) else {
                result.append(state)
                continue
            }
            for var after in try walk(chain, in: table, state, depth: 0) {
                if after.end == .accepted {
                    after.end = .none
                    if table == .filter { after.wasAccepted = true }
                }
                if !result.contains(after) { result.append(after) }
            }
        }
        return result
    }

    private func walk(
        _ name: String, in table: TableName, _ state: FlowState, depth: Int
    ) throws -> [FlowState] {
        guard depth < Self.depthLimit, let chain = rules[table]?.chain(name) else { return [state] }
        var open = [state]
        var ended: [FlowState] = []
        for rule in chain.rules {
            var next: [FlowState] = []
            for state in open {
                switch try matches(rule, state) {
                case .no: next.append(state)
                case .yes: try apply(rule, table, state, depth, &next, &ended)
                case .perhaps:
                    next.append(state)
                    try apply(rule, table, state, depth, &next, &ended)
                }
            }
            open = next
            if open.isEmpty { break }
        }
        return open + ended
    }

    private enum Answer { case no, yes, perhaps }

    /// Ended states, and those that left the chain by RETURN, go to `ended`; the rest goes on in `open`.
    private func apply(
        _ rule: Rule, _ table: TableName, _ state: FlowState, _ depth: Int, _ open: inout [FlowState],
        _ ended: inout [FlowState]
    ) throws {
        var state = state
        switch rule.target {
        case nil: open.append(state)
        case .accept:
            state.end = .accepted
            ended.append(state)
        case .drop:
            state.end = .dropped
            ended.append(state)
        case .reject:
            state.end = .rejected
            ended.append(state)
        case .return: ended.append(state)
        case .jump(let name), .goto(let name):
            for after in try walk(name, in: table, state, depth: depth + 1) {
                if after.end == .none { open.append(after) } else { ended.append(after) }
            }
        case .mark(let target):
            state.mark = state.mark & ~target.mask ^ target.value
            open.append(state)
        case .dnat(let target):
            if let address = target.addresses?.lowerBound { state.packet.destination = address }
            if let port = target.ports?.lowerBound { state.packet.port = port }
            state.isTranslated = true
            state.end = .accepted
            ended.append(state)
        case .masquerade:
            state.isMasqueraded = true
            state.end = .accepted
            ended.append(state)
        case .some(let other): throw Unsupported(what: "the target \(other)")
        }
    }

    private func matches(_ rule: Rule, _ state: FlowState) throws -> Answer {
        let packet = state.packet
        if let source = rule.source, !Self.matches(source, packet.source) { return .no }
        if let destination = rule.destination, !Self.matches(destination, packet.destination) { return .no }
        if let number = rule.ipProtocol, (number.number == packet.ipProtocol) == number.inverted { return .no }
        if let interface = rule.inInterface {
            let name = packet.interface ?? ""
            let isSame = interface.isWildcard ? name.hasPrefix(interface.name) : name == interface.name
            if isSame == interface.inverted { return .no }
        }
        var answer = Answer.yes
        for match in rule.matches {
            switch try matches(match, state) {
            case .no: return .no
            case .perhaps: answer = .perhaps
            case .yes: break
            }
        }
        return answer
    }

    private static func matches(_ match: AddressMatch, _ address: IPAddress) -> Bool {
        let isIn = address.family == match.address.family && address.bits & match.mask == match.address.bits
        return isIn != match.inverted
    }

    private func matches(_ match: Match, _ state: FlowState) throws -> Answer {
        func truth(_ value: Bool) -> Answer { value ? .yes : .no }
        let packet = state.packet
        switch match {
        case .comment, .nfacct: return .yes
        case .tcp(let tcp): return truth(packet.ipProtocol == .tcp && (tcp.destinationPorts?.contains(packet.port) ?? true))
        case .udp(let udp): return truth(packet.ipProtocol == .udp && (udp.destinationPorts?.contains(packet.port) ?? true))
        case .sctp(let sctp):
            return truth(packet.ipProtocol == .sctp && (sctp.destinationPorts?.contains(packet.port) ?? true))
        case .mark(let match):
            return truth((state.mark & match.mark.mask == match.mark.value) != match.mark.inverted)
        case .addrtype(let type): return truth(matches(type, packet))
        case .conntrack(let conntrack):
            guard let states = conntrack.states else { throw Unsupported(what: "this conntrack match") }
            var now: ConntrackMatch.States = .new
            if state.isTranslated { now.insert(.dnat) }
            return truth(states.value.isDisjoint(with: now) == states.inverted)
        case .statistic: return .perhaps
        case .recent(let recent): return truth(recent.operation == .set)
        default: throw Unsupported(what: "the match \(match)")
        }
    }

    private func matches(_ type: AddrtypeMatch, _ packet: FlowPacket) -> Bool {
        func fits(_ types: AddrtypeMatch.Types, _ inverted: Bool, _ address: IPAddress) -> Bool {
            types.isEmpty || types.contains(isLocal(address) ? .local : .unicast) != inverted
        }
        return fits(type.source, type.sourceInverted, packet.source)
            && fits(type.destination, type.destinationInverted, packet.destination)
    }
}
