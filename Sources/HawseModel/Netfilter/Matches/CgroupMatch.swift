/// `-m cgroup` (`xt_cgroup`): of the local socket.
public struct CgroupMatch: Hashable, Sendable {
    public var path: Flagged<String>?
    public var classID: Flagged<UInt32>?

    public init(path: Flagged<String>? = nil, classID: Flagged<UInt32>? = nil) {
        self.path = path
        self.classID = classID
    }
}
