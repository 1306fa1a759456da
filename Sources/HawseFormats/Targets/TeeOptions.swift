import HawseModel
import HawseWire

/// `-j TEE`
struct TeeOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("gateway"),
        .init("oif"),
    ]

    var gateway: IPAddress?
    var outInterface: String?

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        if argument.option == "gateway" {
            gateway = try argument.address()
        } else {
            outInterface = try argument.string(max: 15)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        guard let gateway else { throw context.refuse("TEE: option \"--gateway\" must be specified") }
        return .tee(TeeTarget(gateway: gateway, outInterface: outInterface))
    }
}

extension TeeTarget {
    func write(to out: inout OptionText) {
        out.option("gateway", gateway)
        if let outInterface { out.option("oif", outInterface) }
    }
}
