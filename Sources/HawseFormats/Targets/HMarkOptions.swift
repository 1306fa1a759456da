import HawseModel
import HawseWire

/// `-j HMARK`
struct HMarkOptions: TargetOptions {
    static let words: [OptionWord] = [
        .init("hmark-tuple"),
        .init("hmark-src-prefix"),
        .init("hmark-dst-prefix"),
        .init("hmark-sport-mask"),
        .init("hmark-dport-mask"),
        .init("hmark-spi-mask"),
        .init("hmark-sport"),
        .init("hmark-dport"),
        .init("hmark-spi"),
        .init("hmark-proto-mask"),
        .init("hmark-rnd"),
        .init("hmark-mod"),
        .init("hmark-offset"),
    ]

    let family: AddressFamily
    var target: HMarkTarget

    /// `flags` bits, as `XT_HMARK_*` numbers them.
    fileprivate enum Bit: UInt32 {
        case sourceMask, destinationMask, spi, spiMask, sourcePort, destinationPort, sourcePortMask,
            destinationPortMask
        case protocolMask, random, modulus, offset, connection, layer3, layer34
    }

    init(family: AddressFamily) {
        self.family = family
        target = HMarkTarget(sourceMask: .zero, destinationMask: .zero, modulus: 0)
    }

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "hmark-tuple": try tuple(argument)
        case "hmark-src-prefix":
            target.sourceMask = .mask(prefixLength: try argument.prefixLengthOrMask(), family: family)
            try set(.sourceMask, argument)
        case "hmark-dst-prefix":
            target.destinationMask = .mask(prefixLength: try argument.prefixLengthOrMask(), family: family)
            try set(.destinationMask, argument)
        case "hmark-sport-mask":
            target.sourcePortMask = try argument.uint16()
            try set(.sourcePortMask, argument)
        case "hmark-dport-mask":
            target.destinationPortMask = try argument.uint16()
            try set(.destinationPortMask, argument)
        case "hmark-spi-mask":
            target.spiMask = try argument.uint32()
            try set(.spiMask, argument)
        case "hmark-sport":
            target.sourcePortSet = try argument.uint16()
            try set(.sourcePort, argument)
        case "hmark-dport":
            target.destinationPortSet = try argument.uint16()
            try set(.destinationPort, argument)
        case "hmark-spi":
            target.spiSet = try argument.uint32()
            try set(.spi, argument)
        case "hmark-proto-mask":
            target.protocolMask = try argument.uint16()
            try set(.protocolMask, argument)
        case "hmark-rnd":
            target.random = try argument.uint32()
            try set(.random, argument)
        case "hmark-mod":
            target.modulus = try argument.uint32(min: 1)
            try set(.modulus, argument)
        default:
            target.offset = try argument.uint32()
            try set(.offset, argument)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Target {
        try context.require("hmark-mod", of: "HMARK")
        try context.require("hmark-rnd", of: "HMARK")
        // Only the modulus, the seed and the offset: nothing of the packet would be hashed.
        guard target.flags & ~(7 << 9) != 0 else {
            throw context.refuse("HMARK: you have to specify --hmark-tuple at least")
        }
        let usesSPI = has(.spi) || has(.spiMask)
        let usesPorts =
            has(.sourcePort) || has(.destinationPort) || has(.sourcePortMask) || has(.destinationPortMask)
        guard !usesSPI || !usesPorts else {
            throw context.refuse("HMARK: you cannot use --hmark-spi and ports together")
        }
        return .hmark(target)
    }
}

extension HMarkTarget {
    func write(family: AddressFamily, to out: inout OptionText) {
        if flags & 1 << 0 != 0 {
            out.option("hmark-src-prefix", sourceMask.prefixLength(family: family) ?? 0)
        }
        if flags & 1 << 1 != 0 {
            out.option("hmark-dst-prefix", destinationMask.prefixLength(family: family) ?? 0)
        }
        if flags & 1 << 6 != 0 { out.option("hmark-sport-mask", hexText(sourcePortMask, width: 4)) }
        if flags & 1 << 7 != 0 { out.option("hmark-dport-mask", hexText(destinationPortMask, width: 4)) }
        if flags & 1 << 3 != 0 { out.option("hmark-spi-mask", hexText(spiMask ?? 0, width: 8)) }
        if flags & 1 << 4 != 0 { out.option("hmark-sport", hexText(sourcePortSet, width: 4)) }
        if flags & 1 << 5 != 0 { out.option("hmark-dport", hexText(destinationPortSet, width: 4)) }
        if flags & 1 << 2 != 0 { out.option("hmark-spi", hexText(spiSet ?? 0, width: 8)) }
        if flags & 1 << 8 != 0 { out.option("hmark-proto-mask", hexText(protocolMask, width: 2)) }
        if flags & 1 << 9 != 0 { out.option("hmark-rnd", hexText(random, width: 8)) }
        if flags & 1 << 10 != 0 { out.option("hmark-mod", modulus) }
        if flags & 1 << 11 != 0 { out.option("hmark-offset", offset) }
        if flags & 1 << 12 != 0 { out.option("hmark-tuple", "ct") }
    }
}

extension HMarkOptions {
    private func has(_ bit: Bit) -> Bool { target.flags >> bit.rawValue & 1 == 1 }

    private mutating func set(_ bit: Bit, _ argument: OptionArgument) throws(FormatError) {
        guard !has(bit) else {
            throw argument.refuse("option \"--\(argument.option)\" can only be used once")
        }
        target.flags |= 1 << bit.rawValue
    }

    /// Short for the masks that take a whole field each.
    private mutating func tuple(_ argument: OptionArgument) throws(FormatError) {
        for item in argument.text.split(separator: ",") {
            let full = AddressBits.mask(prefixLength: family.bitCount, family: family)
            switch item {
            case "ct":
                target.usesConnection = true
                try set(.connection, argument)
            case "src":
                target.sourceMask = full
                try set(.sourceMask, argument)
            case "dst":
                target.destinationMask = full
                try set(.destinationMask, argument)
            case "sport":
                target.sourcePortMask = .max
                try set(.sourcePortMask, argument)
            case "dport":
                target.destinationPortMask = .max
                try set(.destinationPortMask, argument)
            case "spi":
                target.spiMask = .max
                try set(.spiMask, argument)
            case "proto":
                target.protocolMask = .max
                try set(.protocolMask, argument)
            default:
                throw argument.refuse(
                    "unknown tuple field `\(item)'",
                    suggestion: nearestWord(
                        String(item), among: ["ct", "src", "dst", "sport", "dport", "spi", "proto"]))
            }
        }
    }
}
