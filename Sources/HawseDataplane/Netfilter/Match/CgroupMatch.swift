import HawseModel

/// `-m cgroup` (`cgroup_mt_v1`, `cgroup_mt_v2`): local sockets of the simulated node are in the root group, class 0.
struct CgroupOperation: MatchOperation {
    var classID: ExpectedNumber
    var hasPath: Bool
    var isRoot: Bool
    var pathInverted: Bool

    init(_ match: CgroupMatch) {
        classID = ExpectedNumber(match.classID)
        hasPath = match.path != nil
        isRoot = match.path.map { $0.value.allSatisfy { $0 == "/" } } ?? false
        pathInverted = match.path?.inverted ?? false
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        guard context.packet.pointee.uid != -1 else { return false }
        if operation.pointee.hasPath { return operation.pointee.isRoot != operation.pointee.pathInverted }
        return operation.pointee.classID.holds(0)
    }
}
