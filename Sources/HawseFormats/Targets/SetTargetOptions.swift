import HawseModel
import HawseWire

/// `-j SET`
struct SetTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        // A `!` is taken and means nothing.
        .init("add-set", arguments: .two, inverts: true),
        .init("del-set", arguments: .two, inverts: true),
        .init("map-set", arguments: .two, inverts: true),
        .init("exist", arguments: .none),
        .init("timeout"),
        .init("map-mark", arguments: .none),
        .init("map-prio", arguments: .none),
        .init("map-queue", arguments: .none),
    ]

    var target = SetTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "add-set": target.add = try setReference(argument)
        case "del-set": target.delete = try setReference(argument)
        case "map-set": target.map = try setReference(argument)
        case "exist": target.exist = true
        case "timeout": target.timeout = try argument.uint32(max: 2_147_483)
        case "map-mark": target.mapsMark = true
        case "map-prio": target.mapsPriority = true
        default: target.mapsQueue = true
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("add-set", "del-set", "map-set", of: "SET")
        guard target.add != nil || (!target.exist && target.timeout == nil) else {
            throw context.refuse("SET: --exist and --timeout need --add-set")
        }
        let maps = target.mapsMark || target.mapsPriority || target.mapsQueue
        guard (target.map != nil) == maps else {
            throw context.refuse(
                "SET: --map-set needs --map-mark, --map-prio or --map-queue, and they need it")
        }
        return .set(target)
    }
}

extension SetTarget {
    func write(to out: inout OptionText) {
        if let add {
            out.option("add-set", add.text)
            if exist { out.flag("exist") }
            if let timeout { out.option("timeout", timeout) }
        }
        if let delete { out.option("del-set", delete.text) }
        if let map {
            out.option("map-set", map.text)
            if mapsMark { out.flag("map-mark") }
            if mapsPriority { out.flag("map-prio") }
            if mapsQueue { out.flag("map-queue") }
        }
    }
}
