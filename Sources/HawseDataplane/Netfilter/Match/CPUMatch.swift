import HawseModel

/// `-m cpu` (`cpu_mt`): the simulated node does everything on CPU 0.
struct CPUOperation: MatchOperation {
    var cpu: UInt32
    var inverted: Bool

    init(_ match: CPUMatch) {
        cpu = match.cpu
        inverted = match.inverted
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        (operation.pointee.cpu == 0) != operation.pointee.inverted
    }
}
