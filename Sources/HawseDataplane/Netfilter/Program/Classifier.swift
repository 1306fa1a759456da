import HawseModel
import HawseWire

/// A run of rules that differ in exact addresses and ports, found by hash instead of one after the other.
struct Classifier: BitwiseCopyable {
    var first: UInt32 = 0
}

struct ClassifierList {
    var base: UnsafeMutablePointer<Classifier>
    init() { base = .allocate(capacity: 1) }
    func deallocate() { base.deallocate() }
}

extension ProgramView {
    @inline(__always)
    func candidate(_ index: Int, _ packet: PacketRef, _ fields: PacketFields) -> Int { index }
}
