/// `-m helper` (`xt_helper`): the helper of the connection's master; an empty name matches any.
public struct HelperMatch: Hashable, Sendable {
    public var name: String
    public var inverted: Bool

    public init(name: String, inverted: Bool = false) {
        self.name = name
        self.inverted = inverted
    }
}
