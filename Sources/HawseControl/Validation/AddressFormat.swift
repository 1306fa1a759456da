import HawseWire

/// The formats of addresses and ranges (`validation.IsValidIP`, `IsValidCIDR` and their lenient predecessors).
struct AddressFormat {
    /// StrictIPCIDRValidation.
    let strict: Bool

    /// An address as Go's old parser took it: leading zeros in octets are decimal.
    static func lenient(_ text: String) -> IPAddress? {
        if let address = IPAddress(text) { return address }
        guard !text.contains(":") else { return lenientMapped(text) }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...10).contains(part.utf8.count), part.utf8.allSatisfy({ (48...57).contains($0) }),
                let octet = UInt32(part), octet <= 255
            else { return nil }
            value = value << 8 | octet
        }
        return IPAddress(ipv4: value)
    }

    /// `::ffff:010.0.0.1`
    private static func lenientMapped(_ text: String) -> IPAddress? {
        guard let colon = text.lastIndex(of: ":"), text.contains(".") else { return nil }
        let tail = String(text[text.index(after: colon)...])
        guard let address = lenient(tail), address.family == .ipv4 else { return nil }
        return IPAddress(String(text[...colon]) + address.description)
    }

    private static func isMapped(_ address: IPAddress) -> Bool {
        address.family == .ipv6 && address.bits.high == 0 && address.bits.low >> 32 == 0xffff
    }

    /// `net.IP.To4`: what Go takes an address for; mapped addresses are IPv4 to it.
    static func goFamily(_ address: IPAddress) -> AddressFamily { isMapped(address) ? .ipv4 : address.family }

    func problems(_ text: String, at path: String, existing: [String] = []) -> [FieldError] {
        if existing.contains(text) || !strict && Self.lenient(text) != nil { return [] }
        return Self.fault(text).map { [.invalid(path, text, $0)] } ?? []
    }

    /// What is wrong with an address by the strict rules.
    private static func fault(_ text: String) -> String? {
        guard let address = lenient(text) else { return "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)" }
        if IPAddress(text) == nil { return "must not have leading 0s" }
        return isMapped(address) ? "must not be an IPv4-mapped IPv6 address" : nil
    }

    /// A range as its address and length, leniently read; nil when it is none.
    static func lenientRange(_ text: String) -> (address: IPAddress, length: Int)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = lenient(String(parts[0])), !parts[1].isEmpty,
            parts[1].utf8.count <= 4, parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1]), length <= address.family.bitCount
        else { return nil }
        return (address, length)
    }

    func rangeProblems(_ text: String, at path: String, existing: [String] = []) -> [FieldError] {
        if existing.contains(text) { return [] }
        guard let range = Self.lenientRange(text) else {
            return [.invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
        }
        guard strict else { return [] }
        let parts = text.split(separator: "/")
        if IPAddress(String(parts[0])) == nil || parts[1].count > 1 && parts[1].hasPrefix("0") {
            return [.invalid(path, text, "must not have leading 0s in IP or prefix length")]
        }
        if Self.isMapped(range.address) {
            return [.invalid(path, text, "must not have an IPv4-mapped IPv6 address")]
        }
        if IPPrefix(range.address, length: range.length).network.address != range.address {
            return [.invalid(path, text, "must not have bits set beyond the prefix length")]
        }
        return []
    }

    /// An address of a newer field, which has one spelling only (`IsValidIP`).
    static func canonicalProblems(_ text: String) -> [String] {
        if let fault = fault(text) { return [fault] }
        guard let address = IPAddress(text), address.description != text else { return [] }
        return [notCanonical(address.description)]
    }

    /// A range of a newer field, which has one spelling only (`IsValidCIDR`).
    static func canonicalRangeProblems(_ text: String, at path: String) -> [FieldError] {
        let errors = AddressFormat(strict: true).rangeProblems(text, at: path)
        guard errors.isEmpty, let range = lenientRange(text) else { return errors }
        let written = IPPrefix(range.address, length: range.length).description
        return written == text ? [] : [.invalid(path, text, notCanonical(written))]
    }

    private static func notCanonical(_ text: String) -> String { "must be in canonical form (\(FieldError.quoted(text)))" }

    /// Addresses that cannot be endpoints (`ValidateEndpointIP`).
    static func endpointProblems(_ text: String, at path: String) -> [FieldError] {
        guard let address = lenient(text) else { return [] }
        let plain = isMapped(address) ? IPAddress(ipv4: address.bits.ipv4) : address
        var errors: [FieldError] = []
        if plain.isUnspecified { errors.append(.invalid(path, text, "may not be unspecified (\(text))")) }
        if plain.isLoopback {
            errors.append(.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
        }
        if plain.isLinkLocal {
            errors.append(.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
        }
        let isLinkLocalMulticast =
            plain.family == .ipv4 ? plain.bits.ipv4 >> 8 == 0xe00000 : plain.bits.high >> 48 & 0xff0f == 0xff02
        if isLinkLocalMulticast {
            errors.append(
                .invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))
        }
        return errors
    }
}
