/// `-m owner` (`xt_owner`): the local socket that sent the packet.
public struct OwnerMatch: Hashable, Sendable {
    public var uid: ValueRange<UInt32>?
    public var gid: ValueRange<UInt32>?
    /// `false` is `! --socket-exists`.
    public var socketExists: Bool?
    public var supplementaryGroups: Bool

    public init(
        uid: ValueRange<UInt32>? = nil, gid: ValueRange<UInt32>? = nil, socketExists: Bool? = nil,
        supplementaryGroups: Bool = false
    ) {
        self.uid = uid
        self.gid = gid
        self.socketExists = socketExists
        self.supplementaryGroups = supplementaryGroups
    }
}
