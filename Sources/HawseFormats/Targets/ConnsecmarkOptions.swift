import HawseModel
import HawseWire

/// `-j CONNSECMARK`
struct ConnsecmarkOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("save", arguments: .none, excludes: ["restore"]),
        .init("restore", arguments: .none, excludes: ["save"]),
    ]

    var operation = ConnsecmarkTarget.Operation.save

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        operation = argument.option == "save" ? .save : .restore
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("save", "restore", of: "CONNSECMARK")
        return .connsecmark(ConnsecmarkTarget(operation))
    }
}

extension ConnsecmarkTarget {
    func write(to out: inout OptionText) { out.flag(operation.rawValue) }
}
