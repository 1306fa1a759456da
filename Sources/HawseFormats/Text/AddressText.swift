import HawseModel
import HawseWire

/// Addresses as iptables reads them (`xtables_ipparse_any`, `xtables_numeric_to_ipaddr`): IPv4 may be cut short
/// (`10` is 10.0.0.0) and its octets may be hexadecimal or octal.
func parseLooseAddress(_ text: some StringProtocol, family: AddressFamily) -> IPAddress? {
    guard family == .ipv4 else {
        guard let address = IPAddress(String(text)), address.family == .ipv6 else { return nil }
        return address
    }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count <= 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
        guard let octet = parseNumeral(part, max: 255) else { return nil }
        value = value << 8 | UInt32(octet)
    }
    return IPAddress(ipv4: value << (8 * UInt32(4 - parts.count)))
}

/// Addresses as host names are looked up (`inet_aton`): the last of one to four numbers fills what is left, so that 10.1 is
/// 10.0.0.1.
func parseHostAddress(_ text: some StringProtocol, family: AddressFamily) -> IPAddress? {
    guard family == .ipv4 else { return parseLooseAddress(text, family: family) }
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let last = parts.last, parts.count <= 4, parts.allSatisfy({ $0.utf8.first.map { (0x30...0x39).contains($0) } ?? false }),
        let rest = parseNumeral(last, max: UInt64(UInt32.max) >> (8 * UInt64(parts.count - 1)))
    else { return nil }
    var value: UInt32 = 0
    for part in parts.dropLast() {
        guard let octet = parseNumeral(part, max: 255) else { return nil }
        value = value << 8 | UInt32(octet)
    }
    return IPAddress(ipv4: UInt32(truncatingIfNeeded: UInt64(value) << (8 * UInt64(5 - parts.count)) | rest))
}

/// A prefix length or a mask in dotted or IPv6 form.
func parseMask(_ text: some StringProtocol, family: AddressFamily) -> AddressBits? {
    if let length = parseNumeral(text, max: UInt64(family.bitCount)) {
        return .mask(prefixLength: Int(length), family: family)
    }
    guard let mask = IPAddress(String(text)), mask.family == family else { return nil }
    return mask.bits
}

/// `address[/mask]`.
func parseAddressMatch(_ text: some StringProtocol, family: AddressFamily, inverted: Bool = false, isHost: Bool = false)
    -> AddressMatch?
{
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    if !isHost, parts.count == 2, let mask = parseMask(parts[1], family: family), mask == .zero {
        // What stands before an empty mask is not looked at, be it a name or of the other family (`xtables_ipparse_multiple`).
        return AddressMatch(address: IPAddress(family: family, bits: .zero), mask: mask, inverted: inverted)
    }
    guard let first = parts.first,
        let address = (isHost ? nil : parseLooseAddress(first, family: family)) ?? parseHostAddress(first, family: family)
    else { return nil }
    guard parts.count == 2 else {
        return AddressMatch(
            address: address, mask: .mask(prefixLength: family.bitCount, family: family), inverted: inverted)
    }
    guard let mask = parseMask(parts[1], family: family) else { return nil }
    return AddressMatch(address: address, mask: mask, inverted: inverted)
}

extension AddressMatch {
    var isHost: Bool { mask == .mask(prefixLength: address.family.bitCount, family: address.family) }

    /// `10.0.0.0/8`, or `1.0.3.0/255.0.255.0` when the mask has holes; a host with `/32` or `/128`.
    var text: String { "\(written ?? address)/\(maskText)" }

    var maskText: String {
        mask.prefixLength(family: address.family).map { String($0) }
            ?? IPAddress(family: address.family, bits: mask).description
    }
}
