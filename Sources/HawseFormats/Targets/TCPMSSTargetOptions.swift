import HawseModel
import HawseWire

/// `-j TCPMSS`
struct TCPMSSTargetOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("set-mss", excludes: ["clamp-mss-to-pmtu"]),
        .init("clamp-mss-to-pmtu", arguments: .none, excludes: ["set-mss"]),
    ]

    var target = TCPMSSTarget.clampToPathMTU

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        target = argument.option == "set-mss" ? .set(try argument.uint16(max: 65534)) : .clampToPathMTU
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("set-mss", "clamp-mss-to-pmtu", of: "TCPMSS")
        return .tcpmss(target)
    }
}

extension TCPMSSTarget {
    func write(to out: inout OptionText) {
        switch self {
        case .set(let mss): out.option("set-mss", mss)
        case .clampToPathMTU: out.flag("clamp-mss-to-pmtu")
        }
    }
}
