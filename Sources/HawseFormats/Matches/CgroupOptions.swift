import HawseModel
import HawseWire

/// `-m cgroup`
struct CgroupOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("path", inverts: true, excludes: ["cgroup"]),
        .init("cgroup", inverts: true, excludes: ["path"]),
    ]

    var match = CgroupMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option == "path" {
            match.path = Flagged(try argument.string(max: 511), inverted: argument.inverted)
        } else {
            match.classID = Flagged(try argument.uint32(), inverted: argument.inverted)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        try context.require("path", "cgroup", of: "cgroup")
        return .cgroup(match)
    }
}

extension CgroupMatch {
    func write(to out: inout OptionText) {
        if let path {
            out.flag("path", inverted: path.inverted)
            out.string(path.value)
        }
        if let classID { out.option("cgroup", classID.value, inverted: classID.inverted) }
    }
}
