/// `-m nfacct` (`xt_nfacct`): counts into a named object and matches.
public struct NFAcctMatch: Hashable, Sendable {
    public var name: String

    public init(_ name: String) {
        self.name = name
    }
}
