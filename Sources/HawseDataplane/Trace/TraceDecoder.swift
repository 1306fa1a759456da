import HawseModel
import HawseWire

/// Makes events out of what the walk has written down: names and texts come from the node as it is now. Before rules go
/// away, what speaks of them is read (`Dataplane.settleTrace`).
struct TraceDecoder {
    let node: UnsafeMutablePointer<NodeState>

    /// All that has been written down and not read, in order.
    func events() -> [TraceEvent] {
        let count = node.pointee.trace.count
        var events: [TraceEvent] = []
        events.reserveCapacity(count)
        let tellsGaps = node.pointee.trace.tellsEveryMiss
        var gaps = TraceGaps()
        for index in 0..<count {
            let record = node.pointee.trace.records + index
            if tellsGaps, [.table, .rule, .miss].contains(record.pointee.code) {
                for kind in misses(before: record, &gaps) {
                    events.append(TraceEvent(cause: record.pointee.cause, generation: record.pointee.generation, kind: kind))
                }
            }
            guard let kind = kind(record) else { continue }
            events.append(TraceEvent(cause: record.pointee.cause, generation: record.pointee.generation, kind: kind))
        }
        return events
    }

    private func misses(before record: UnsafeMutablePointer<TraceRecord>, _ gaps: inout TraceGaps) -> [TraceEvent.Kind] {
        guard let (table, program, index, number) = place(of: record) else { return [] }
        if record.pointee.code == .table {
            gaps.enter(index)
            return []
        }
        let misses = gaps.before(number, of: index, in: program, table: table)
        let rules = program.pointee.chains[index].model.rules
        if record.pointee.code == .rule, number < rules.count { gaps.follow(rules[number].target, in: program) }
        return misses
    }

    /// Where the rule of a record stands: table, chain and 0-based number.
    private func place(
        of record: UnsafeMutablePointer<TraceRecord>
    ) -> (table: TableName, program: UnsafeMutablePointer<TableProgram>, chain: Int, number: Int)? {
        let family = record.pointee.version == 6 ? node.pointee.netfilter6 : node.pointee.netfilter4
        guard let table = TableIndex(rawValue: UInt8(truncatingIfNeeded: record.pointee.first)),
            let program = family.pointee.programs[Int(table.rawValue)], Int(record.pointee.number) < program.pointee.recordSpace.used
        else { return nil }
        let (index, number) = program.pointee.place(of: Int(record.pointee.number))
        return index < program.pointee.chains.count ? (table.name, program, index, number) : nil
    }

    /// `nil` for what is no event of its own: the end of a chain that has no policy.
    private func kind(_ record: UnsafeMutablePointer<TraceRecord>) -> TraceEvent.Kind? {
        switch record.pointee.code {
        case .received: return .received(interface: name(record.pointee.first))
        case .transmitted: return .transmitted(interface: name(record.pointee.first))
        case .hook:
            guard let hook = Hook(rawValue: record.pointee.detail) else { return nil }
            return .hook(hook, inInterface: name(record.pointee.first), outInterface: name(record.pointee.second))
        case .table, .rule, .miss: return rule(record)
        case .conntrack: return conntrack(record)
        case .nat:
            let (from, to) = record.pointee.binding
            let kind = record.pointee.detail == NATManip.source.rawValue ? "SNAT" : "DNAT"
            return .nat(kind: kind, from: from.description, to: to.description)
        case .rewrite:
            let target = record.pointee.tuple
            let isSource = record.pointee.detail == NATManip.source.rawValue
            let place = IPAddress(family: target.family, bits: isSource ? target.source : target.destination)
            return .changed(
                field: isSource ? "source" : "destination", from: "NAT",
                to: place.description(port: isSource ? target.sourcePort : target.destinationPort))
        case .route: return .route(route(record))
        case .ended: return .ended(disposition(record))
        case .told:
            let place = Int(record.pointee.number)
            return place < node.pointee.trace.told.count ? node.pointee.trace.told[place] : nil
        }
    }

    private func name(_ interface: UInt16) -> String { node.pointee.interfaces.name(interface) }

    private func rule(_ record: UnsafeMutablePointer<TraceRecord>) -> TraceEvent.Kind? {
        guard let (table, program, index, number) = place(of: record) else { return nil }
        let chain = program.pointee.chains[index].model.name
        switch record.pointee.code {
        case .table: return .table(table, chain: chain)
        case .miss:
            let rules = program.pointee.chains[index].model.rules
            guard number < rules.count else { return nil }
            return .miss(table: table, chain: chain, number: number + 1, because: because(record), rule: rules[number])
        default: break
        }
        guard number < program.pointee.chains[index].model.rules.count else {
            guard let policy = program.pointee.chains[index].model.policy else { return nil }
            return .policy(table: table, chain: chain, verdict: policy.rawValue)
        }
        let rule = program.pointee.chains[index].model.rules[number]
        return .rule(
            table: table, chain: chain, number: number + 1, target: rule.target.map(\.story) ?? "", comment: rule.comment)
    }

    /// The match that failed, and what it looked at, as far as the rest of the story does not show that.
    private func because(_ record: UnsafeMutablePointer<TraceRecord>) -> String {
        guard let code = MatchCode(rawValue: record.pointee.detail) else { return "" }
        return code == .mark ? "the mark is 0x\(String(record.pointee.last, radix: 16))" : "\(code)"
    }

    private func conntrack(_ record: UnsafeMutablePointer<TraceRecord>) -> TraceEvent.Kind {
        let state: String
        switch ConnectionInfo(rawValue: record.pointee.detail) {
        case .new: state = "NEW"
        case .established, .establishedReply: state = "ESTABLISHED"
        case .related, .relatedReply: state = "RELATED"
        case .untracked: state = "UNTRACKED"
        case .none?, nil: state = "INVALID"
        }
        return .conntrack(
            state: state, tuple: record.pointee.first != 0 ? record.pointee.tuple.description : "",
            because: record.pointee.second != 0 ? "its checksum is wrong" : "")
    }

    /// The routing decision in the words of `ip route get`.
    private func route(_ record: UnsafeMutablePointer<TraceRecord>) -> String {
        let kind = RouteResult.Kind(rawValue: record.pointee.detail) ?? .none
        let words = record.pointee.words
        let destination = IPAddress(
            family: record.pointee.version == 6 ? .ipv6 : .ipv4, bits: AddressBits(high: words.0, low: words.1))
        var text = destination.description
        switch kind {
        case .unicast: break
        case .noRoute, .none: return text + " no route"
        default: text = "\(kind) \(text)"
        }
        if record.pointee.last != 0 {
            let gateway = IPAddress(
                family: record.pointee.last == 6 ? .ipv6 : .ipv4, bits: AddressBits(high: words.2, low: words.3))
            text += " via " + gateway.description
        }
        if record.pointee.second != 0 { text += " dev " + name(record.pointee.second) }
        return text
    }

    private func disposition(_ record: UnsafeMutablePointer<TraceRecord>) -> Disposition {
        switch record.pointee.detail {
        case 1: return .transmitted
        case 2: return .delivered
        case 3: return .consumed
        case 4:
            let reasons = DropReason.allCases
            return .dropped(reasons[min(Int(record.pointee.first), reasons.count - 1)])
        default: return .pending
        }
    }
}

extension Dataplane {
    /// While tracing, also tell of the rules that a packet went past by their addresses, devices or protocol; many at once where a
    /// chain is long.
    public var tellsEveryMiss: Bool {
        get { node.pointee.trace.tellsEveryMiss }
        set { node.pointee.trace.tellsEveryMiss = newValue }
    }

    /// What was traced since the last call, in order.
    public func takeTrace() -> [TraceEvent] {
        settleTrace()
        defer { node.pointee.trace.settled = [] }
        return node.pointee.trace.settled
    }

    /// Forgets what was traced, unread: for measuring.
    public func discardTrace() {
        node.pointee.trace.removeAll()
        node.pointee.trace.settled = []
    }

    /// Reads what is written down while what it speaks of is still there.
    func settleTrace() {
        guard node.pointee.trace.count > 0 else { return }
        let events = TraceDecoder(node: node).events()
        if node.pointee.trace.settled.isEmpty {
            node.pointee.trace.settled = events
        } else {
            node.pointee.trace.settled += events
        }
        node.pointee.trace.removeAll()
    }
}
