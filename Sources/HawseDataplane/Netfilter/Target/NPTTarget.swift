import HawseModel
import HawseWire

/// SNPT and DNPT (`ip6t_snpt_tg`, `ip6t_dnpt_tg`): RFC 6296's stateless, checksum-neutral prefix translation.
struct NPTAction: BitwiseCopyable {
    var source: AddressBits
    var sourceMask: AddressBits
    var destination: AddressBits
    var prefixLength: UInt8
    var mask: AddressBits
    /// What makes up for the changed prefix in one 16-bit word.
    var adjustment: UInt16

    init(_ target: NPTTarget, _ compiler: RuleCompiler) throws(DataplaneError) {
        for prefix in [target.source, target.destination] {
            guard prefix.family == .ipv6, prefix.length <= 64, prefix.network == prefix else {
                throw compiler.refusal("NPT: \(prefix) is not an IPv6 prefix of at most 64 bits without host bits")
            }
        }
        source = target.source.address.bits
        sourceMask = target.source.mask
        destination = target.destination.address.bits
        let length = max(target.source.length, target.destination.length)
        prefixLength = UInt8(length)
        mask = .mask(prefixLength: length, family: .ipv6)
        let old = Self.sum(source)
        let new = Self.sum(destination)
        adjustment = InternetChecksum.fold(UInt64(old) + UInt64(~new))
    }

    private static func sum(_ bits: AddressBits) -> UInt16 {
        InternetChecksum.fold(
            (bits.high >> 32) + (bits.high & 0xffff_ffff) + (bits.low >> 32) + (bits.low & 0xffff_ffff))
    }

    /// `ip6t_npt_map_pfx`; `nil` when no word is left to take the adjustment.
    func map(_ address: AddressBits) -> AddressBits? {
        var mapped = (address & ~mask) | (destination & mask)
        var index: UInt64 = 3
        if prefixLength > 48 {
            index = 4
            while index < 8, Self.word(mapped, index) == 0xffff { index += 1 }
            if index == 8 { return nil }
        }
        var sum = InternetChecksum.fold(UInt64(Self.word(mapped, index)) + UInt64(adjustment))
        if sum == 0xffff { sum = 0 }
        let shift = 48 - 16 * (index & 3)
        if index < 4 {
            mapped.high = mapped.high & ~(0xffff << shift) | UInt64(sum) << shift
        } else {
            mapped.low = mapped.low & ~(0xffff << shift) | UInt64(sum) << shift
        }
        return mapped
    }

    private static func word(_ bits: AddressBits, _ index: UInt64) -> UInt16 {
        UInt16(truncatingIfNeeded: (index < 4 ? bits.high : bits.low) >> (48 - 16 * (index & 3)))
    }

    /// Whether the address lies in the prefix that is translated, for packets quoted in errors.
    func covers(_ address: AddressBits) -> Bool { address & sourceMask == source }
}

extension Walk {
    func prefixTranslation(_ action: NPTAction, _ context: RuleContext, isSource: Bool) -> TargetResult {
        let packet = context.packet
        let ip = packet.ipv6
        guard let mapped = action.map(isSource ? ip.source : ip.destination) else {
            sendICMPError(about: packet, type: ICMPv6Type.parameterProblem, code: 0, info: isSource ? 8 : 24)
            return .drop
        }
        if packet.pointee.connection == 0, isSummed(packet, packet.pointee.ipProtocol), transportIsIntact(packet) {
            packet.pointee.flags.insert(.checksumValid)
        }
        if isSource { ip.source = mapped } else { ip.destination = mapped }
        // An error about a translated packet quotes it with the other address translated: one of the four that
        // `icmpv6_is_err` knows.
        if ip.nextHeader == .icmpv6, packet.transportLength >= 48, (1...4).contains(packet.icmp.type) {
            let quoted = IPv6Header(packet.transportPointer + 8)
            let address = isSource ? quoted.destination : quoted.source
            if action.covers(address), let mapped = action.map(address) {
                if isSource { quoted.destination = mapped } else { quoted.source = mapped }
            }
        }
        return .continue
    }
}
