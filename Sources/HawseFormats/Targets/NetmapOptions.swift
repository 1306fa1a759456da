import HawseModel
import HawseWire

/// `-j NETMAP`
struct NetmapOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("to")
    ]

    var target: NetmapTarget?

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        guard let match = parseAddressMatch(argument.text, family: argument.family) else {
            throw argument.bad("an address or a network is wanted")
        }
        guard match.mask.prefixLength(family: argument.family) != nil else {
            throw argument.bad("a mask without holes is wanted")
        }
        target = NetmapTarget(network: match.address, mask: match.mask)
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("to", of: "NETMAP")
        guard let target else { throw context.refuse("NETMAP: a network is wanted") }
        return .netmap(target)
    }
}

extension NetmapTarget {
    func write(to out: inout OptionText) {
        out.option("to", "\(network)/\(mask.prefixLength(family: network.family) ?? network.family.bitCount)")
    }
}
