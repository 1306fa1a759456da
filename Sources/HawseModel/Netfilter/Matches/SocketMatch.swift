/// `-m socket` (`xt_socket`).
public struct SocketMatch: Hashable, Sendable {
    public var transparent: Bool
    public var noWildcard: Bool
    public var restoreMark: Bool

    public init(transparent: Bool = false, noWildcard: Bool = false, restoreMark: Bool = false) {
        self.transparent = transparent
        self.noWildcard = noWildcard
        self.restoreMark = restoreMark
    }
}
