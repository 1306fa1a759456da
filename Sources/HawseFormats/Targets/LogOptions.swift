import HawseModel
import HawseWire

/// `-j LOG`
struct LogOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("log-level"),
        .init("log-prefix"),
        .init("log-tcp-sequence", arguments: .none),
        .init("log-tcp-options", arguments: .none),
        .init("log-ip-options", arguments: .none),
        .init("log-uid", arguments: .none),
        .init("log-macdecode", arguments: .none),
    ]

    var target = LogTarget()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "log-level": target.level = try level(argument)
        case "log-prefix":
            // Longer prefixes are cut, with a warning.
            target.prefix = String(decoding: try argument.string(max: 255).utf8.prefix(29), as: UTF8.self)
        case "log-tcp-sequence": target.flags.insert(.tcpSequence)
        case "log-tcp-options": target.flags.insert(.tcpOptions)
        case "log-ip-options": target.flags.insert(.ipOptions)
        case "log-uid": target.flags.insert(.uid)
        default: target.flags.insert(.macDecode)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        return .log(target)
    }
}

extension LogTarget {
    func write(to out: inout OptionText) {
        if !prefix.isEmpty {
            out.flag("log-prefix")
            out.string(prefix)
        }
        if level != 4 { out.option("log-level", level) }
        if flags.contains(.tcpSequence) { out.flag("log-tcp-sequence") }
        if flags.contains(.tcpOptions) { out.flag("log-tcp-options") }
        if flags.contains(.ipOptions) { out.flag("log-ip-options") }
        if flags.contains(.uid) { out.flag("log-uid") }
        if flags.contains(.macDecode) { out.flag("log-macdecode") }
    }
}

private func level(_ argument: OptionArgument) throws(FormatError) -> UInt8 {
    if let number = parseNumeral(argument.text, max: 7) { return UInt8(number) }
    let words: KeyValuePairs<String, UInt8> = [
        "alert": 1, "crit": 2, "debug": 7, "emerg": 0, "error": 3, "info": 6, "notice": 5, "panic": 0,
        "warning": 4,
    ]
    return try argument.word(words)
}
