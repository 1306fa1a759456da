import HawseModel

/// The node's ipsets, by handle.
struct SetTable {
    init(_ sets: [IPSet]) {}
    func deallocate() {}
}
