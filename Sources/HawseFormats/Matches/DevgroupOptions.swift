import HawseModel
import HawseWire

/// `-m devgroup`
struct DevgroupOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("src-group", inverts: true),
        .init("dst-group", inverts: true),
    ]

    var match = DevgroupMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option == "src-group" {
            match.source = try argument.masked(names: deviceGroupNames)
        } else {
            match.destination = try argument.masked(names: deviceGroupNames)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("src-group", "dst-group", of: "devgroup")
        return .devgroup(match)
    }
}

extension DevgroupMatch {
    func write(to out: inout OptionText) {
        if let source { out.masked("src-group", source, names: deviceGroupNames) }
        if let destination { out.masked("dst-group", destination, names: deviceGroupNames) }
    }
}

/// `/etc/iproute2/group` as it is delivered.
private let deviceGroupNames = [UInt32(0): "default"]
