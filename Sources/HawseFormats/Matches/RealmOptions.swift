import HawseModel
import HawseWire

/// `-m realm`
struct RealmOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("realm", inverts: true)
    ]

    var match = RealmMatch(MaskedValue(value: 0))

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        match = RealmMatch(try argument.masked(names: realmNames))
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("realm", of: "realm")
        return .realm(match)
    }
}

extension RealmMatch {
    func write(to out: inout OptionText) { out.masked("realm", realm, names: realmNames) }
}

/// `/etc/iproute2/rt_realms` as it is delivered.
private let realmNames = [UInt32(0): "cosmos"]
