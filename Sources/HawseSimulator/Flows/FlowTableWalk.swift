import HawseControl
import HawseWire

/// The same walk over a rendered nftables table.
struct FlowTableWalk {
    let table: NFTTable
    let localAddresses: Set<IPAddress>
    let mark: UInt32

    func isLocal(_ address: IPAddress) -> Bool { address.isLoopback || localAddresses.contains(address) }

    func outcome(_ packet: FlowPacket) -> FlowOutcome { FlowState.outcome(of: ways(packet), markBit: mark) }

    /// Every way that the packet can go.
    func ways(_ packet: FlowPacket) -> [FlowState] {
        let isOwn = isLocal(packet.source)
        var states = [FlowState(packet: packet)]
        let before = isOwn ? ["filter-output-pre-dnat", "nat-output"] : ["filter-prerouting-pre-dnat", "nat-prerouting"]
        for chain in before { states = pass(states, isFilter: chain.hasPrefix("filter")) { _ in chain } }
        states = pass(states, isFilter: true) { state in
            isOwn ? "filter-output" : isLocal(state.packet.destination) ? "filter-input" : "filter-forward"
        }
        if isOwn { states = pass(states, isFilter: true) { isLocal($0.packet.destination) ? "filter-input" : nil } }
        return pass(states, isFilter: false) { _ in "nat-postrouting" }
    }

    private func pass(
        _ states: [FlowState], isFilter: Bool, chainOf: (FlowState) -> String?
    ) -> [FlowState] {
        var result: [FlowState] = []
        for state in states {
            guard state.end == .none, let chain = chainOf(state) else {
                result.append(state)
                continue
            }
            for var after in walk(chain, state, depth: 0) {
                if after.end == .accepted { after.end = .none }
                if !result.contains(after) { result.append(after) }
            }
        }
        return result
    }

    private func walk(_ name: String, _ state: FlowState, depth: Int) -> [FlowState] {
        guard depth < FlowRuleWalk.depthLimit, let chain = table.chains.first(where: { $0.name == name }) else {
            return [state]
        }
        var open = [state]
        var ended: [FlowState] = []
        for rule in chain.rules {
            var next: [FlowState] = []
            for state in open { carryOut(rule.statements[...], state, depth, &next, &ended) }
            open = next
            if open.isEmpty { break }
        }
        return ended + open
    }

    private func follow(
        _ verdict: NFTVerdict, _ state: FlowState, _ depth: Int, _ open: inout [FlowState],
        _ ended: inout [FlowState]
    ) {
        switch verdict {
        case .drop:
            var state = state
            state.end = .dropped
            ended.append(state)
        case .jump(let name):
            for after in walk(name, state, depth: depth + 1) {
                if after.end == .none { open.append(after) } else { ended.append(after) }
            }
        case .goto(let name):
            // What runs off the end of the goto's chain goes on behind the jump that led here.
            ended += walk(name, state, depth: depth + 1)
        }
    }

    /// Statements from left to right; a match that fails lets the packet go on with the next rule.
    private func carryOut(
        _ statements: ArraySlice<NFTStatement>, _ state: FlowState, _ depth: Int, _ open: inout [FlowState],
        _ ended: inout [FlowState]
    ) {
        guard let first = statements.first else {
            open.append(state)
            return
        }
        let rest = statements.dropFirst()
        var state = state
        if let holds = holds(first, state) {
            if holds { carryOut(rest, state, depth, &open, &ended) } else { open.append(state) }
            return
        }
        switch first {
        case .setMark(let mark):
            state.mark |= mark
            carryOut(rest, state, depth, &open, &ended)
        case .flipMark(let mark):
            state.mark ^= mark
            carryOut(rest, state, depth, &open, &ended)
        case .update: carryOut(rest, state, depth, &open, &ended)
        case .lookup(let selectors, let map):
            let key = key(selectors, state.packet)
            let found = table.sets.first { $0.name == map }?.elements.first { $0.key == key }?.verdict
            if let found { follow(found, state, depth, &open, &ended) } else { open.append(state) }
        case .randomJump(let chains):
            for chain in chains { follow(.goto(chain), state, depth, &open, &ended) }
        case .randomDNAT(let targets):
            for target in targets { ended.append(translated(state, target)) }
        case .dnat(let target): ended.append(translated(state, target))
        case .masquerade:
            state.isMasqueraded = true
            state.end = .accepted
            ended.append(state)
        case .reject:
            state.end = .rejected
            ended.append(state)
        case .verdict(let verdict): follow(verdict, state, depth, &open, &ended)
        default: open.append(state)
        }
    }

    private func translated(_ state: FlowState, _ target: NFTDestination) -> FlowState {
        var state = state
        state.packet.destination = target.address
        state.packet.port = target.port
        state.isTranslated = true
        state.end = .accepted
        return state
    }

    private func key(_ selectors: [NFTStatement.Selector], _ packet: FlowPacket) -> [NFTValue] {
        selectors.map { selector in
            switch selector {
            case .source: .address(packet.source)
            case .destination: .address(packet.destination)
            case .ipProtocol: .ipProtocol(packet.ipProtocol)
            case .destinationPort: .port(packet.port)
            }
        }
    }

    /// Whether a match holds; `nil` when the statement is no match.
    private func holds(_ statement: NFTStatement, _ state: FlowState) -> Bool? {
        let packet = state.packet
        func side(_ direction: NFTStatement.Direction) -> IPAddress {
            direction == .source ? packet.source : packet.destination
        }
        switch statement {
        case .prefix(let direction, let prefix, let inverted): return prefix.contains(side(direction)) != inverted
        case .prefixes(let direction, let prefixes, let inverted):
            return prefixes.contains { $0.contains(side(direction)) } != inverted
        case .inSet(let selectors, let name):
            let key = key(selectors, packet)
            return table.sets.first { $0.name == name }?.elements.contains { $0.key == key } ?? false
        case .inInterface(let name, let inverted):
            let actual = packet.interface ?? ""
            let isSame = name.hasSuffix("*") ? actual.hasPrefix(name.dropLast()) : actual == name
            return isSame != inverted
        case .newConnection: return true
        case .translated: return state.isTranslated
        case .isLocal(let direction): return isLocal(side(direction))
        case .ipProtocol(let number): return packet.ipProtocol == number
        case .hasMark(let mark): return state.mark & mark != 0
        default: return nil
        }
    }
}
