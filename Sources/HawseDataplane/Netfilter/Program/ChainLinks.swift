import HawseModel

/// Which chain calls which, edge by edge, and the hooks from which each chain is reached. Kept up to date with every
/// change, so that a change asks only about the chains it touches.
struct ChainLinks {
    private struct Edge {
        var caller: UInt32
        var callee: UInt32
        /// Neighbours among the edges into the callee, and among those out of the caller.
        var previousIn: UInt32 = .max
        var nextIn: UInt32 = .max
        var previousOut: UInt32 = .max
        var nextOut: UInt32 = .max
    }

    private var edges: [Edge] = []
    private var free: [UInt32] = []
    private var firstIn: [UInt32] = []
    private var firstOut: [UInt32] = []
    /// By chain: bit n stands for hook n; 0: nobody gets there.
    private(set) var reach: [UInt8] = []
    /// By chain: the hook that enters there.
    private var own: [UInt8] = []

    init() {}

    init(_ graph: ChainGraph, reach: [UInt8], own: [UInt8]) {
        self.reach = reach
        self.own = own
        firstIn = Array(repeating: .max, count: reach.count)
        firstOut = firstIn
        edges.reserveCapacity(graph.edgeCount)
        for caller in reach.indices {
            graph.forEachCallee(of: caller) { addEdge(UInt32(caller), $0) }
        }
    }

    mutating func setCount(_ count: Int) {
        while reach.count > count {
            reach.removeLast()
            own.removeLast()
            firstIn.removeLast()
            firstOut.removeLast()
        }
        while reach.count < count {
            reach.append(0)
            own.append(0)
            firstIn.append(.max)
            firstOut.append(.max)
        }
    }

    mutating func setReach(_ chain: Int, _ mask: UInt8) { reach[chain] = mask }

    func isCalled(_ chain: Int) -> Bool { firstIn[chain] != .max }

    mutating func addEdge(_ caller: UInt32, _ callee: UInt32) {
        var edge = Edge(caller: caller, callee: callee)
        edge.nextIn = firstIn[Int(callee)]
        edge.nextOut = firstOut[Int(caller)]
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            edges[Int(reused)] = edge
        } else {
            number = UInt32(edges.count)
            edges.append(edge)
        }
        if edge.nextIn != .max { edges[Int(edge.nextIn)].previousIn = number }
        if edge.nextOut != .max { edges[Int(edge.nextOut)].previousOut = number }
        firstIn[Int(callee)] = number
        firstOut[Int(caller)] = number
    }

    /// Takes one edge between the two away, looked for from both ends at once: one of them is mostly near.
    mutating func removeEdge(_ caller: UInt32, _ callee: UInt32) {
        var a = firstIn[Int(callee)]
        var b = firstOut[Int(caller)]
        while a != .max, b != .max {
            if edges[Int(a)].caller == caller { return unlink(a) }
            if edges[Int(b)].callee == callee { return unlink(b) }
            a = edges[Int(a)].nextIn
            b = edges[Int(b)].nextOut
        }
    }

    private mutating func unlink(_ number: UInt32) {
        let edge = edges[Int(number)]
        if edge.previousIn == .max {
            firstIn[Int(edge.callee)] = edge.nextIn
        } else {
            edges[Int(edge.previousIn)].nextIn = edge.nextIn
        }
        if edge.nextIn != .max { edges[Int(edge.nextIn)].previousIn = edge.previousIn }
        if edge.previousOut == .max {
            firstOut[Int(edge.caller)] = edge.nextOut
        } else {
            edges[Int(edge.previousOut)].nextOut = edge.nextOut
        }
        if edge.nextOut != .max { edges[Int(edge.nextOut)].previousOut = edge.previousOut }
        free.append(number)
    }

    func forEachCallee(of chain: Int, _ body: (Int) -> Void) {
        var edge = firstOut[chain]
        while edge != .max {
            body(Int(edges[Int(edge)].callee))
            edge = edges[Int(edge)].nextOut
        }
    }

    func forEachCaller(of chain: Int, _ body: (Int) -> Void) {
        var edge = firstIn[chain]
        while edge != .max {
            body(Int(edges[Int(edge)].caller))
            edge = edges[Int(edge)].nextIn
        }
    }

    /// The hooks of all callers. Looking ends when nothing can come on top of `bound`.
    private func gathered(_ chain: Int, bound: UInt8) -> UInt8 {
        var mask = own[chain]
        var edge = firstIn[chain]
        while edge != .max, mask & bound != bound {
            mask |= reach[Int(edges[Int(edge)].caller)]
            edge = edges[Int(edge)].nextIn
        }
        return mask
    }

    /// Works out anew from where these chains, and those behind them, are reached. Returns what was before.
    mutating func refresh(_ chains: [Int], gained: UInt8) -> [(chain: Int, reach: UInt8)] {
        var before: [(chain: Int, reach: UInt8)] = []
        var work = chains
        while let chain = work.popLast() {
            let mask = gathered(chain, bound: reach[chain] | gained)
            guard mask != reach[chain] else { continue }
            before.append((chain, reach[chain]))
            reach[chain] = mask
            forEachCallee(of: chain) { work.append($0) }
        }
        return before
    }

    /// A chain on a way that leads from `start` back to itself, through `callees` of it. Ways that no packet takes may.
    func loop(from start: Int, through callees: [Int], _ done: inout Set<Int>) -> Int? {
        guard reach[start] != 0 else { return nil }
        var open: Set<Int> = [start]
        var stack: [(chain: Int, edge: UInt32)] = []
        for first in callees {
            if open.contains(first) { return first }
            guard done.insert(first).inserted else { continue }
            open.insert(first)
            stack.append((first, firstOut[first]))
            while let (chain, edge) = stack.last {
                guard edge != .max else {
                    open.remove(chain)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].edge = edges[Int(edge)].nextOut
                let callee = Int(edges[Int(edge)].callee)
                if open.contains(callee) { return callee }
                guard done.insert(callee).inserted else { continue }
                open.insert(callee)
                stack.append((callee, firstOut[callee]))
            }
        }
        return nil
    }
}
