/// SET (`xt_SET` revision 3): adds, deletes or maps by a set.
public struct SetTarget: Hashable, Sendable {
    public var add: SetReference?
    public var delete: SetReference?
    public var map: SetReference?
    /// `--exist`: an entry that is there is refreshed.
    public var exist: Bool
    /// Seconds.
    public var timeout: UInt32?
    public var mapsMark: Bool
    public var mapsPriority: Bool
    public var mapsQueue: Bool

    public init(
        add: SetReference? = nil, delete: SetReference? = nil, map: SetReference? = nil,
        exist: Bool = false, timeout: UInt32? = nil, mapsMark: Bool = false, mapsPriority: Bool = false,
        mapsQueue: Bool = false
    ) {
        self.add = add
        self.delete = delete
        self.map = map
        self.exist = exist
        self.timeout = timeout
        self.mapsMark = mapsMark
        self.mapsPriority = mapsPriority
        self.mapsQueue = mapsQueue
    }
}
