import HawseModel
import HawseWire

/// What a table said: a route and one of its hops.
struct RouteMatch {
    var entry: Int32 = -1
    var hop: Int32 = -1
    /// `.none` means "this table has nothing" (-EAGAIN); errors end the search.
    var kind: RouteResult.Kind = .none

    @inline(__always) var isFound: Bool { kind != .none }
}

extension RoutingState {
    /// `fib_lookup`: rules and tables of IPv4.
    @inline(__always)
    mutating func lookup4(_ q: RouteQuestion) -> RouteMatch {
        adopt(q.destination, .ipv4)
        if policy4.isCustom { return lookupByRules(q, policy4, tables4) }
        let match = lookupMerged4(q)
        if match.isFound { return match }
        return defaultTable4 < 0 ? RouteMatch(kind: .noRoute) : orNoRoute(searchTable(q, tables4, defaultTable4))
    }

    /// `fib6_rule_lookup`.
    @inline(__always)
    mutating func lookup6(_ q: RouteQuestion) -> RouteMatch {
        adopt(q.destination, .ipv6)
        if policy6.isCustom { return lookupByRules(q, policy6, tables6) }
        let local = searchTable(q, tables6, localTable6)
        if local.isFound { return local }
        return orNoRoute(searchTable(q, tables6, mainTable6))
    }

    @inline(__always)
    func orNoRoute(_ match: RouteMatch) -> RouteMatch { match.isFound ? match : RouteMatch(kind: .noRoute) }

    func lookupByRules(_ q: RouteQuestion, _ policy: RoutingPolicy, _ tables: RouteTables) -> RouteMatch {
        var i = 0
        while i < policy.count {
            let rule = policy[i]
            i += 1
            guard rule.pointee.matches(q) else { continue }
            switch rule.pointee.action {
            case .lookup(let id):
                let table = tables.table(id)
                guard table >= 0 else { continue }
                let match = searchTable(q, tables, table)
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

    /// Without `ip rule` IPv4's local and main tables share one trie (`fib_trie_table`): the longest prefix of both
    /// wins, and local before main for the same prefix.
    @inline(__always)
    func lookupMerged4(_ q: RouteQuestion) -> RouteMatch {
        var i = 0
        var j = 0
        let localCount = tables4.lengthCount(localTable4)
        let mainCount = tables4.lengthCount(mainTable4)
        while i < localCount || j < mainCount {
            let a = i < localCount ? Int(tables4.length(localTable4, i)) : -1
            let b = j < mainCount ? Int(tables4.length(mainTable4, j)) : -1
            if a >= b {
                let match = pick(q, tables4, tables4.find(q.destination, UInt8(truncatingIfNeeded: a), localTable4))
                if match.isFound { return match }
                // `throw` in the shared trie ends the search there (-EAGAIN).
                if match.entry == -2 { return RouteMatch() }
                i &+= 1
            } else {
                let match = pick(q, tables4, tables4.find(q.destination, UInt8(truncatingIfNeeded: b), mainTable4))
                if match.isFound { return match }
                if match.entry == -2 { return RouteMatch() }
                j &+= 1
            }
        }
        return RouteMatch()
    }

    /// `fib_table_lookup` / `fib6_table_lookup`: the longest prefix that has a usable hop.
    @inline(__always)
    func searchTable(_ q: RouteQuestion, _ tables: RouteTables, _ table: Int) -> RouteMatch {
        for i in 0..<tables.lengthCount(table) {
            let head = tables.find(q.destination, tables.length(table, i), table)
            guard head >= 0 else { continue }
            let match = tables.family == .ipv4 ? pick(q, tables, head) : pick6(q, tables, head)
            if match.isFound { return match }
            if match.entry == -2 { return RouteMatch() }
        }
        return RouteMatch()
    }

    /// The first route of one prefix that fits the question. `entry` -2: `throw`, leave the table.
    @inline(__always)
    func pick(_ q: RouteQuestion, _ tables: RouteTables, _ head: Int32) -> RouteMatch {
        var index = head
        while index >= 0 {
            let entry = tables.entries + Int(index)
            if entry.pointee.tos == 0 || entry.pointee.tos == q.tos & RouteQuestion.tosMask {
                switch entry.pointee.kind {
                case .unreachable: return RouteMatch(entry: index, kind: .unreachable)
                case .prohibit: return RouteMatch(entry: index, kind: .prohibit)
                case .blackhole: return RouteMatch(entry: index, kind: .blackhole)
                case .throw: return RouteMatch(entry: -2)
                case .unicast, .local, .broadcast, .multicast:
                    let hop = firstHop(q, tables, entry)
                    if hop >= 0 { return RouteMatch(entry: index, hop: hop, kind: RouteResult.Kind(entry.pointee.kind)) }
                }
            }
            index = entry.pointee.next
        }
        return RouteMatch()
    }

    /// The first hop by the wanted device whose device is up; several are chosen from by hash afterwards.
    @inline(__always)
    func firstHop(_ q: RouteQuestion, _ tables: RouteTables, _ entry: UnsafeMutablePointer<RouteEntry>) -> Int32 {
        let first = Int(entry.pointee.firstHop)
        for i in first..<(first &+ Int(entry.pointee.hopCount)) {
            if q.outInterface == 0 || tables.hops[i].device == q.outInterface { return Int32(truncatingIfNeeded: i) }
        }
        return -1
    }

    /// `rt6_select` / `find_rr_leaf`: among routes of the smallest metric the one by the wanted device is preferred,
    /// or demanded when the address is scoped.
    @inline(__always)
    func pick6(_ q: RouteQuestion, _ tables: RouteTables, _ head: Int32) -> RouteMatch {
        let wanted = q.outInterface != 0 ? q.outInterface : q.inInterface
        var best = RouteMatch()
        var bestScore = -1
        var index = head
        var metric: UInt32?
        while index >= 0 {
            let entry = tables.entries + Int(index)
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
                    let fits = wanted == 0 || tables.hops[i].device == wanted
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

    /// `fib_select_multipath`: the hop whose share of the hash space holds the flow's hash.
    ///
    /// `prefersSource` is for packets of the node's own that have a source already: the hop that it belongs to comes first.
    @inline(__always)
    func selectPath(
        _ match: RouteMatch, _ q: RouteQuestion, _ tables: RouteTables, prefersSource: Bool = false
    ) -> RouteMatch {
        guard match.entry >= 0, match.hop >= 0 else { return match }
        let entry = tables.entries + Int(match.entry)
        guard entry.pointee.hopCount > 1 else { return match }
        var chosen = match
        let hash = Int32(bitPattern: q.hash >> 1)
        let first = Int(entry.pointee.firstHop)
        var best = -1
        for i in first..<(first &+ Int(entry.pointee.hopCount)) {
            // IPv6 takes a device for a wish unless the address is scoped.
            if q.outInterface != 0, tables.hops[i].device != q.outInterface, tables.family == .ipv4 || q.isStrict { continue }
            var score = hash <= tables.hops[i].upperBound ? 1 : 0
            if prefersSource, !q.source.isZero, tables.hops[i].source == q.source { score += 2 }
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
    func result(_ match: RouteMatch, _ tables: RouteTables) -> RouteResult {
        var result = RouteResult()
        result.kind = match.kind
        guard match.entry >= 0 else { return result }
        let entry = tables.entries + Int(match.entry)
        result.realm = entry.pointee.realm
        result.mtu = entry.pointee.mtu
        result.hasLockedMTU = entry.pointee.isMTULocked
        result.isAnycast = entry.pointee.isAnycast
        guard match.hop >= 0 else { return result }
        let hop = tables.hops + Int(match.hop)
        result.outInterface = hop.pointee.device
        result.gateway = hop.pointee.gateway
        result.gatewayVersion = hop.pointee.gatewayVersion
        result.isOnlink = hop.pointee.isOnlink
        result.source = entry.pointee.preferredSource.isZero ? hop.pointee.source : entry.pointee.preferredSource
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
