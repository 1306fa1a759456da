import HawseModel
import HawseWire

/// What a table said: a route and one of its hops.
struct RouteMatch {
    var entry: Int32 = -1
    var hop: Int32 = -1
    /// `.none` means "this table has nothing" (-EAGAIN); errors end the search.
    var kind: RouteResult.Kind = .none

    @inline(__always) var isFound: Bool { kind != .none }
    @inline(__always) var orNoRoute: RouteMatch { isFound ? self : RouteMatch(kind: .noRoute) }
    /// `fib_lookup` returns an error: nothing leads there, or a route or rule forbids it.
    @inline(__always) var isRefused: Bool {
        kind == .noRoute || kind == .unreachable || kind == .prohibit || kind == .blackhole
    }
}

extension RoutingState {
    /// `fib_lookup`: rules and tables of IPv4.
    @inline(__always)
    mutating func lookup4(_ q: RouteQuestion) -> RouteMatch {
        adopt(q.destination, .ipv4)
        if policy4.isCustom { return lookupByRules(q, policy4, tables4) }
        let match = tables4.lookupMerged(q, local: localTable4, main: mainTable4)
        if match.isFound { return match }
        return defaultTable4 < 0 ? RouteMatch(kind: .noRoute) : tables4.lookup(q, defaultTable4).orNoRoute
    }

    /// `fib6_rule_lookup`.
    @inline(__always)
    mutating func lookup6(_ q: RouteQuestion) -> RouteMatch {
        adopt(q.destination, .ipv6)
        if policy6.isCustom { return lookupByRules(q, policy6, tables6) }
        let local = tables6.lookup(q, localTable6)
        if local.isFound { return local }
        return tables6.lookup(q, mainTable6).orNoRoute
    }

    // Not mutating in truth: but what is passed in place is not copied first.
    private mutating func lookupByRules(_ q: RouteQuestion, _ policy: RoutingPolicy, _ tables: RouteTables) -> RouteMatch {
        var i = 0
        while i < policy.count {
            let rule = policy[i]
            i += 1
            guard rule.pointee.matches(q) else { continue }
            switch rule.pointee.action {
            case .lookup(let id):
                let table = tables.table(id)
                guard table >= 0 else { continue }
                let match = tables.lookup(q, table)
                if match.isFound, !isSuppressed(match, rule, tables) { return match }
            // -ENETUNREACH, unlike the route type's -EHOSTUNREACH.
            case .unreachable: return RouteMatch(kind: .noRoute)
            case .prohibit: return RouteMatch(kind: .prohibit)
            case .blackhole: return RouteMatch(kind: .blackhole)
            case .nop: continue
            case .goto(let priority):
                var target = i
                while target < policy.count, policy[target].pointee.priority < priority { target += 1 }
                i = target
            }
        }
        return RouteMatch(kind: .noRoute)
    }

    /// `fib4_rule_suppress`, `fib6_rule_suppress`: errors count whatever the rule says.
    private func isSuppressed(_ match: RouteMatch, _ rule: UnsafeMutablePointer<PolicyRule>, _ tables: RouteTables) -> Bool {
        guard match.entry >= 0, match.hop >= 0 else { return false }
        if Int(tables.entries[Int(match.entry)].length) <= rule.pointee.suppressedLength { return true }
        return rule.pointee.suppressedGroup >= 0
            && groups[Int(tables.hops[Int(match.hop)].device)] == UInt32(truncatingIfNeeded: rule.pointee.suppressedGroup)
    }
}

/// Pointers alone, to be passed around: a lookup copies no other part of the routing state.
extension RouteTables {
    /// Without `ip rule` IPv4's local and main tables share one trie (`fib_trie_table`): the longest prefix of both
    /// wins, and local before main for the same prefix.
    @inline(__always)
    func lookupMerged(_ q: RouteQuestion, local: Int, main: Int) -> RouteMatch {
        var i = 0
        var j = 0
        let localCount = lengthCount(local)
        let mainCount = lengthCount(main)
        while i < localCount || j < mainCount {
            let a = i < localCount ? Int(length(local, i)) : -1
            let b = j < mainCount ? Int(length(main, j)) : -1
            if a >= b {
                let match = pick(q, find(q.destination, UInt8(truncatingIfNeeded: a), local))
                if match.isFound { return match }
                // `throw` in the shared trie ends the search there (-EAGAIN).
                if match.entry == -2 { return RouteMatch() }
                i &+= 1
            } else {
                let match = pick(q, find(q.destination, UInt8(truncatingIfNeeded: b), main))
                if match.isFound { return match }
                if match.entry == -2 { return RouteMatch() }
                j &+= 1
            }
        }
        return RouteMatch()
    }

    /// `fib_table_lookup` / `fib6_table_lookup`: the longest prefix that has a usable hop.
    @inline(__always)
    func lookup(_ q: RouteQuestion, _ table: Int) -> RouteMatch {
        for i in 0..<lengthCount(table) {
            let head = find(q.destination, length(table, i), table)
            guard head >= 0 else { continue }
            let match = family == .ipv4 ? pick(q, head) : pick6(q, head)
            if match.isFound { return match }
            if match.entry == -2 { return RouteMatch() }
        }
        return RouteMatch()
    }

    /// The first route of one prefix that fits the question. `entry` -2: `throw`, leave the table.
    @inline(__always)
    func pick(_ q: RouteQuestion, _ head: Int32) -> RouteMatch {
        var index = head
        while index >= 0 {
            let entry = entries + Int(index)
            if entry.pointee.tos == 0 || entry.pointee.tos == q.tos & RouteQuestion.tosMask {
                switch entry.pointee.kind {
                case .unreachable: return RouteMatch(entry: index, kind: .unreachable)
                case .prohibit: return RouteMatch(entry: index, kind: .prohibit)
                case .blackhole: return RouteMatch(entry: index, kind: .blackhole)
                case .throw: return RouteMatch(entry: -2)
                case .unicast, .local, .broadcast, .multicast:
                    let hop = firstHop(q, entry)
                    if hop >= 0 { return RouteMatch(entry: index, hop: hop, kind: RouteResult.Kind(entry.pointee.kind)) }
                }
            }
            index = entry.pointee.next
        }
        return RouteMatch()
    }

    /// The first hop by the wanted device whose device is up; several are chosen from by hash afterwards.
    @inline(__always)
    func firstHop(_ q: RouteQuestion, _ entry: UnsafeMutablePointer<RouteEntry>) -> Int32 {
        let first = Int(entry.pointee.firstHop)
        for i in first..<(first &+ Int(entry.pointee.hopCount)) {
            if q.outInterface == 0 || hops[i].device == q.outInterface { return Int32(truncatingIfNeeded: i) }
        }
        return -1
    }

    /// `rt6_select` / `find_rr_leaf`: among routes of the smallest metric the one by the wanted device is preferred,
    /// or demanded when the address is scoped.
    @inline(__always)
    func pick6(_ q: RouteQuestion, _ head: Int32) -> RouteMatch {
        let wanted = q.outInterface != 0 ? q.outInterface : q.inInterface
        var best = RouteMatch()
        var bestScore = -1
        var index = head
        var metric: UInt32?
        while index >= 0 {
            let entry = entries + Int(index)
            if let metric, entry.pointee.metric != metric, bestScore >= 0 { break }
            metric = entry.pointee.metric
            let kind = entry.pointee.kind
            let isRefusal = kind == .throw || kind == .unreachable || kind == .prohibit || kind == .blackhole
            if isRefusal, q.isStrict, wanted != 0, wanted != loopback {
                // Its device is lo.
            } else if kind == .throw {
                if bestScore < 0 { return RouteMatch(entry: -2) }
            } else if kind == .unreachable || kind == .prohibit || kind == .blackhole {
                if bestScore < 0 {
                    best = RouteMatch(entry: index, kind: RouteResult.Kind(kind))
                    bestScore = 0
                }
            } else {
                let first = Int(entry.pointee.firstHop)
                for i in first..<(first &+ Int(entry.pointee.hopCount)) {
                    let fits = wanted == 0 || hops[i].device == wanted
                    if !fits && q.isStrict { continue }
                    let score = fits ? 2 : 1
                    if score > bestScore {
                        bestScore = score
                        best = RouteMatch(
                            entry: index, hop: Int32(truncatingIfNeeded: i), kind: RouteResult.Kind(kind))
                    }
                }
            }
            index = entry.pointee.next
        }
        return best
    }

    /// There is something for `selectPath` to choose from.
    @inline(__always)
    func hasPaths(_ match: RouteMatch) -> Bool { match.entry >= 0 && entries[Int(match.entry)].hopCount > 1 }

    /// `fib_select_multipath`: the hop whose share of the hash space holds the flow's hash.
    ///
    /// `prefersSource` is for packets of the node's own that have a source already: the hop that it belongs to comes first.
    @inline(__always)
    /// `skipping`: hops that are passed over, a bit each.
    func selectPath(_ match: RouteMatch, _ q: RouteQuestion, prefersSource: Bool = false, skipping: UInt64 = 0) -> RouteMatch {
        guard match.entry >= 0, match.hop >= 0 else { return match }
        let entry = entries + Int(match.entry)
        guard entry.pointee.hopCount > 1 else { return match }
        var chosen = match
        let hash = Int32(bitPattern: q.hash >> 1)
        let first = Int(entry.pointee.firstHop)
        var best = -1
        for i in first..<(first &+ Int(entry.pointee.hopCount)) {
            // IPv6 takes a device for a wish unless the address is scoped.
            if q.outInterface != 0, hops[i].device != q.outInterface, family == .ipv4 || q.isStrict { continue }
            if skipping != 0, i &- first < 64, skipping >> UInt64(i &- first) & 1 != 0 { continue }
            var score = hash <= hops[i].upperBound ? 1 : 0
            if prefersSource, !q.source.isZero, hops[i].source == q.source { score += 2 }
            if score > best, score > 0 || prefersSource {
                chosen.hop = Int32(truncatingIfNeeded: i)
                best = score
            }
            if score == 3 || (score == 1 && (!prefersSource || q.source.isZero)) { break }
        }
        return chosen
    }

    /// Writes the match out as the route of a packet.
    @inline(__always)
    func result(_ match: RouteMatch) -> RouteResult {
        var result = RouteResult()
        result.kind = match.kind
        guard match.entry >= 0 else { return result }
        let entry = entries + Int(match.entry)
        result.realm = entry.pointee.realm
        result.mtu = entry.pointee.mtu
        result.hasLockedMTU = entry.pointee.isMTULocked
        result.isAnycast = entry.pointee.isAnycast
        guard match.hop >= 0 else { return result }
        let hop = hops + Int(match.hop)
        result.outInterface = hop.pointee.device
        result.gateway = hop.pointee.gateway
        result.gatewayVersion = hop.pointee.gatewayVersion
        result.isOnlink = hop.pointee.isOnlink
        if hop.pointee.mtu != 0 { (result.mtu, result.hasLockedMTU) = (hop.pointee.mtu, hop.pointee.isMTULocked) }
        result.source = entry.pointee.preferredSource.isZero ? hop.pointee.source : entry.pointee.preferredSource
        return result
    }
}

extension RouteTables {
    /// IPv6's, with the mark of what names a network itself (`ipv6_anycast_destination`).
    @inline(__always)
    func result(_ match: RouteMatch, to destination: AddressBits) -> RouteResult {
        var result = result(match)
        guard match.entry >= 0, result.gatewayVersion == 0 else { return result }
        let entry = entries + Int(match.entry)
        result.namesNetwork = entry.pointee.length < 127 && entry.pointee.key == destination
        return result
    }
}

extension RouteResult.Kind {
    @inline(__always)
    init(_ kind: Route.Kind) {
        switch kind {
        case .unicast: self = .unicast
        case .local: self = .local
        case .broadcast: self = .broadcast
        case .multicast: self = .multicast
        case .unreachable: self = .unreachable
        case .prohibit: self = .prohibit
        case .blackhole: self = .blackhole
        case .throw: self = .none
        }
    }
}
