import HawseModel

/// One chain of a compiled table: what it was made of, and where it stands.
struct CompiledChain {
    /// As it was given; `currentTable` puts the present counters in.
    var model: Chain
    /// The number is free for another chain.
    var isFree = false
    /// Its first record, and how many records fit there.
    var start: UInt32 = 0
    var capacity: UInt32 = 0
    /// Where its operations stand; those of rules that were put in later stand elsewhere, see `laterOperations`.
    var operations: UInt32 = 0
    var operationBytes: UInt32 = 0
    var traits = ChainTraits()
    /// How often some of its rules were replaced since it was compiled as a whole.
    var patches = 0

    /// Rules, and the record that ends the chain.
    var count: Int { model.rules.count + 1 }
}

/// What follows from a chain's rules for the table around it.
struct ChainTraits {
    var needs: RuleNeeds = []
    /// Bit n: every rule may be reached from hook n.
    var allowedHooks: UInt8 = 0x1f
    /// Some match remembers something between packets.
    var hasState = false

    /// Nothing follows: rules may come and go one by one.
    var isPlain: Bool { needs.isEmpty && allowedHooks == 0x1f && !hasState }
}

/// Rules compiled aside, not yet part of a table. Jumps name their chain by number; operations and payloads stand in an
/// arena of their own.
struct ChainPiece {
    var records: [RuleRecord] = []
    var arena: OperationArena
    var traits = ChainTraits()
    var resources: ProgramResources

    func discard() {
        arena.deallocate()
        resources.deallocate()
    }
}

extension RuleRecord {
    /// Says where the operations and the payload are, once their arena has got its place in the program's.
    mutating func relocate(by offset: UInt32) {
        if flags.contains(.hasOperations) { operations += offset }
        switch target {
        case .jump, .goto, .rateest: break
        default: argument += offset
        }
    }
}
