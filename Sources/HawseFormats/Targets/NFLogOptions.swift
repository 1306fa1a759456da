import HawseModel
import HawseWire

/// `-j NFLOG`
struct NFLogOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("nflog-group"),
        .init("nflog-prefix"),
        .init("nflog-range"),
        .init("nflog-size"),
        .init("nflog-threshold"),
    ]

    var target = NFLogTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "nflog-group": target.group = try argument.uint16()
        case "nflog-prefix":
            target.prefix = String(decoding: try argument.string(max: 255).utf8.prefix(63), as: UTF8.self)
        case "nflog-range":
            target.range = try argument.uint32()
        case "nflog-size": target.size = try argument.uint32()
        default: target.threshold = try argument.uint16()
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .nflog(target)
    }
}

extension NFLogTarget {
    func write(to out: inout OptionText) {
        if !prefix.isEmpty {
            out.flag("nflog-prefix")
            out.string(prefix)
        }
        if group != 0 { out.option("nflog-group", group) }
        if range != 0 { out.option("nflog-range", range) }
        if let size { out.option("nflog-size", size) }
        if threshold != 0 { out.option("nflog-threshold", threshold) }
    }
}
