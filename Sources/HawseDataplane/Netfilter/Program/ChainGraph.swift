import HawseModel

/// Which chain calls which: for loops, and for the hooks from which each chain is reached (`mark_source_chains`).
struct ChainGraph {
    enum Reach {
        /// A chain on a way back to itself.
        case loop(Int)
        /// By chain: bit n stands for hook n; 0: nobody gets there.
        case hooks([UInt8])
    }

    /// Callees of chain c are `edges[offsets[c]..<offsets[c + 1]]`.
    private var edges: [UInt32] = []
    private var offsets: [Int] = []

    var edgeCount: Int { edges.count }

    /// `records` as the compiler leaves them: jumps name their chain by number.
    init(records: UnsafeMutablePointer<RuleRecord>, starts: [UInt32], total: Int) {
        offsets.reserveCapacity(starts.count + 1)
        for c in starts.indices {
            offsets.append(edges.count)
            let end = c + 1 < starts.count ? Int(starts[c + 1]) : total
            for i in Int(starts[c])..<end where records[i].target == .jump || records[i].target == .goto {
                edges.append(records[i].argument)
            }
        }
        offsets.append(edges.count)
    }

    func forEachCallee(of chain: Int, _ body: (UInt32) -> Void) {
        for e in offsets[chain]..<offsets[chain + 1] { body(edges[e]) }
    }

    /// Depth first from the builtin chains. Chains that nobody reaches may loop, as the kernel never walks them.
    func reach(_ entries: [(chain: Int, hook: Hook)]) -> Reach {
        let count = offsets.count - 1
        var state = [UInt8](repeating: 0, count: count)
        var order: [UInt32] = []
        var stack: [(chain: Int, edge: Int)] = []
        for (start, _) in entries where state[start] == 0 {
            stack.append((start, offsets[start]))
            state[start] = 1
            while let (chain, edge) = stack.last {
                guard edge < offsets[chain + 1] else {
                    state[chain] = 2
                    order.append(UInt32(chain))
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].edge += 1
                let callee = Int(edges[edge])
                if state[callee] == 1 { return .loop(callee) }
                if state[callee] == 0 {
                    state[callee] = 1
                    stack.append((callee, offsets[callee]))
                }
            }
        }
        var hooks = [UInt8](repeating: 0, count: count)
        for (chain, hook) in entries { hooks[chain] |= 1 << hook.rawValue }
        // Callers stand behind their callees in the order.
        for chain in order.reversed() {
            let mask = hooks[Int(chain)]
            for e in offsets[Int(chain)]..<offsets[Int(chain) + 1] { hooks[Int(edges[e])] |= mask }
        }
        return .hooks(hooks)
    }
}
