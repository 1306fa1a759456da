import HawseModel
import HawseWire

/// `-j AUDIT`
struct AuditOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("type")
    ]

    var kind = AuditTarget.Kind.accept

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        let words: KeyValuePairs<String, AuditTarget.Kind> = [
            "accept": .accept, "drop": .drop, "reject": .reject,
        ]
        kind = try argument.word(words)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("type", of: "AUDIT")
        return .audit(AuditTarget(kind))
    }
}

extension AuditTarget {
    func write(to out: inout OptionText) { out.option("type", kind.rawValue) }
}
