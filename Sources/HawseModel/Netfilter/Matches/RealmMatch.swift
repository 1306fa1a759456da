/// `-m realm` (`xt_realm`): the route's realm.
public struct RealmMatch: Hashable, Sendable {
    public var realm: MaskedValue

    public init(_ realm: MaskedValue) {
        self.realm = realm
    }
}
