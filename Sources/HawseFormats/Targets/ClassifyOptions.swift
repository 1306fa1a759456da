import HawseModel
import HawseWire

/// `-j CLASSIFY`
struct ClassifyOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("set-class")
    ]

    var priority: UInt32 = 0

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let parts = argument.text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let major = parseHexadecimal(parts[0], max: 0xffff),
            let minor = parseHexadecimal(parts[1], max: 0xffff)
        else { throw argument.bad("MAJOR:MINOR in hexadecimal is wanted") }
        priority = UInt32(major) << 16 | UInt32(minor)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("set-class", of: "CLASSIFY")
        return .classify(ClassifyTarget(priority))
    }
}

extension ClassifyTarget {
    func write(to out: inout OptionText) {
        let parts = [priority >> 16, priority & 0xffff].map { String($0, radix: 16) }
        let padded = parts.map { String(repeating: "0", count: 4 - $0.count) + $0 }
        out.option("set-class", padded.joined(separator: ":"))
    }
}
