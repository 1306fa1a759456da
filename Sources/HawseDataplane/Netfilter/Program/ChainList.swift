/// A table's compiled chains by number. What equal tables of several nodes have in common stays where it is: a node that
/// has the list from an image keeps the few chains that it changes beside it.
struct ChainList: RandomAccessCollection, MutableCollection {
    private var base: [CompiledChain]
    /// Chains that are not as in `base`, of a list that is shared.
    private var own: [Int: CompiledChain] = [:]
    private var isShared = false

    /// More changes than these are cheaper in a list of one's own.
    private static let mostOwn = 256

    init(_ chains: [CompiledChain]) { base = chains }

    var startIndex: Int { 0 }
    var endIndex: Int { base.count }

    subscript(number: Int) -> CompiledChain {
        get { isShared ? own[number] ?? base[number] : base[number] }
        _modify {
            if isShared {
                var chain = self[number]
                defer {
                    own[number] = chain
                    if own.count > Self.mostOwn { separate() }
                }
                yield &chain
            } else {
                yield &base[number]
            }
        }
    }

    mutating func append(_ chain: CompiledChain) {
        separate()
        base.append(chain)
    }

    /// From here on the chains are those of an image.
    mutating func share() { isShared = true }

    private mutating func separate() {
        guard isShared else { return }
        for (number, chain) in own { base[number] = chain }
        own = [:]
        isShared = false
    }
}
