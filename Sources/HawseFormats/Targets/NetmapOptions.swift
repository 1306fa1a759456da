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
        guard let match = parseAddressMatch(argument.text, family: argument.family, isHost: true) else {
            throw argument.bad("an address or a network is wanted")
        }
        // xtables takes a mask with holes for a host's.
        let family = argument.family
        guard match.mask.prefixLength(family: family) == nil else {
            target = NetmapTarget(network: match.address, mask: match.mask)
            return
        }
        let host = parseHostAddress(argument.text.split(separator: "/", omittingEmptySubsequences: false)[0], family: family)
        target = NetmapTarget(network: host ?? match.address, mask: .mask(prefixLength: family.bitCount, family: family))
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
