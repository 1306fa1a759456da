import HawseModel
import HawseWire

/// `-j CT`
struct CTOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("notrack", arguments: .none),
        .init("helper"),
        .init("timeout"),
        .init("ctevents"),
        .init("expevents"),
        .init("zone", excludes: ["zone-orig", "zone-reply"]),
        .init("zone-orig", excludes: ["zone", "zone-reply"]),
        .init("zone-reply", excludes: ["zone", "zone-orig"]),
    ]

    var target = CTTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "notrack": target.noTrack = true
        case "helper": target.helper = try argument.string(max: 15)
        case "timeout": target.timeout = try argument.string(max: 31)
        case "ctevents":
            let bits: [UInt16] = try argument.words(eventWords)
            target.events = bits.reduce(0) { $0 | 1 << $1 }
        case "expevents":
            let bits: [UInt16] = try argument.words(["new": 0])
            target.expectationEvents = bits.reduce(0) { $0 | 1 << $1 }
        default:
            target.zone = argument.text == "mark" ? .mark : .id(try argument.uint16())
            // Zone 0 is as if none were given.
            if target.zone == .id(0) {
                target.zone = nil
                return
            }
            target.zoneDirection = ["zone-orig": .original, "zone-reply": .reply][argument.option] ?? .both
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .ct(target)
    }
}

extension CTTarget {
    func write(to out: inout OptionText) {
        if isNotrackAlias { return }
        if noTrack { out.flag("notrack") }
        if let helper { out.option("helper", helper) }
        if let timeout { out.option("timeout", timeout) }
        if events != 0 {
            let names = eventWords.filter { events >> $0.value & 1 == 1 }.map(\.key)
            out.option("ctevents", names.joined(separator: ","))
        }
        if expectationEvents & 1 == 1 { out.option("expevents", "new") }
        guard let zone else { return }
        let option = [ZoneDirection.original: "zone-orig", .reply: "zone-reply"][zoneDirection] ?? "zone"
        switch zone {
        case .mark: out.option(option, "mark")
        case .id(let id): out.option(option, id)
        }
    }
}

private let eventWords: KeyValuePairs<String, UInt16> = [
    "new": 0, "related": 1, "destroy": 2, "reply": 3, "assured": 4, "protoinfo": 5, "helper": 6, "mark": 7,
    "natseqinfo": 8, "secmark": 9,
]

/// `-j NOTRACK`: no options.
struct NotrackOptions: TargetOptions {
    static let words: [OptionWord] = []

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {}
    func finish(_ context: RuleContext) throws(FormatError) -> Target { .ct(.notrack) }
}
