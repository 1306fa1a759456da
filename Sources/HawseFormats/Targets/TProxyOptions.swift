import HawseModel
import HawseWire

/// `-j TPROXY`
struct TProxyOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("on-port"),
        .init("on-ip"),
        .init("tproxy-mark"),
    ]

    var target = TProxyTarget(port: 0)

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "on-port": target.port = try argument.decimalPort(argument.text)
        case "on-ip":
            let address = try argument.address()
            target.address = address.isUnspecified ? nil : address
        default:
            let mark = try argument.masked()
            target.markValue = mark.value
            target.markMask = mark.mask
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("on-port", of: "TPROXY")
        guard let match = context.ipProtocol, !match.inverted, match.number == .tcp || match.number == .udp
        else {
            throw context.refuse("TPROXY: needs `-p tcp' or `-p udp'")
        }
        return .tproxy(target)
    }
}

extension TProxyTarget {
    func write(family: AddressFamily, to out: inout OptionText) {
        out.option("on-port", port)
        out.option("on-ip", address ?? .unspecified(family))
        out.option("tproxy-mark", "\(hexText(markValue))/\(hexText(markMask))")
    }
}
