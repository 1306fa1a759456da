/// The names in an X.509 certificate (RFC 5280): the subject's common name and the DNS names of the alternative names.
struct CertificateNames: Hashable, Sendable {
    var commonName = ""
    var dnsNames: [String] = []

    /// The first certificate of a PEM text; nil when there is none that can be read.
    init?(pem: String) {
        guard let start = pem.firstRange(of: "-----BEGIN CERTIFICATE-----"),
            let end = pem.firstRange(of: "-----END CERTIFICATE-----"),
            start.upperBound <= end.lowerBound, let bytes = Base64.decode(pem[start.upperBound..<end.lowerBound])
        else { return nil }
        self.init(der: bytes)
    }

    init?(der: [UInt8]) {
        var outer = DERReader(der[...])
        guard let certificate = outer.next(), certificate.tag == 0x30 else { return nil }
        var inside = DERReader(certificate.content)
        guard let body = inside.next(), body.tag == 0x30 else { return nil }
        var fields = DERReader(body.content)
        var sequences = 0
        while let field = fields.next() {
            // Signature algorithm, issuer, validity, subject, key: the fourth is whom the certificate is for.
            if field.tag == 0x30 {
                sequences += 1
                if sequences == 4 { readSubject(field.content) }
            } else if field.tag == 0xa3 {
                readExtensions(field.content)
            }
        }
        if sequences < 4 || commonName.isEmpty && dnsNames.isEmpty { return nil }
    }

    private mutating func readSubject(_ content: ArraySlice<UInt8>) {
        var sets = DERReader(content)
        while let set = sets.next() {
            var pairs = DERReader(set.content)
            while let pair = pairs.next() {
                var parts = DERReader(pair.content)
                guard let type = parts.next(), let value = parts.next(), Array(type.content) == [0x55, 0x04, 0x03] else {
                    continue
                }
                commonName = String(decoding: value.content, as: UTF8.self)
            }
        }
    }

    private mutating func readExtensions(_ content: ArraySlice<UInt8>) {
        var outer = DERReader(content)
        guard let list = outer.next() else { return }
        var extensions = DERReader(list.content)
        while let entry = extensions.next() {
            var parts = DERReader(entry.content)
            guard let type = parts.next(), Array(type.content) == [0x55, 0x1d, 0x11] else { continue }
            // A flag may stand before the value.
            while let part = parts.next() {
                guard part.tag == 0x04 else { continue }
                var octets = DERReader(part.content)
                guard let names = octets.next() else { continue }
                var each = DERReader(names.content)
                while let name = each.next() {
                    if name.tag == 0x82 { dnsNames.append(String(decoding: name.content, as: UTF8.self)) }
                }
            }
        }
    }

    var name: String { commonName.isEmpty ? dnsNames.first ?? "" : commonName }

    /// Whether it is good for a host: by the alternative names, without any by the common name. `*.` stands for one label.
    func covers(_ host: String) -> Bool {
        (dnsNames.isEmpty ? [commonName] : dnsNames + [commonName]).contains { HostPattern($0).matches(host) }
    }
}

/// Tag, length, value (X.690), lengths of up to four bytes.
private struct DERReader {
    private var rest: ArraySlice<UInt8>
    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    mutating func next() -> (tag: UInt8, content: ArraySlice<UInt8>)? {
        guard rest.count >= 2, let tag = rest.popFirst(), let first = rest.popFirst() else { return nil }
        var length = Int(first)
        if first >= 0x80 {
            let count = Int(first & 0x7f)
            guard (1...4).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return (tag, rest.prefix(length))
    }
}

/// RFC 4648, blanks and line ends ignored.
enum Base64 {
    static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var out: [UInt8] = []
        var held: UInt32 = 0
        var bits = 0
        for byte in text.utf8 where byte > 32 {
            let value: UInt8
            switch byte {
            case 65...90: value = byte - 65
            case 97...122: value = byte - 71
            case 48...57: value = byte + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            case UInt8(ascii: "="): continue
            default: return nil
            }
            held = held << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                out.append(UInt8(truncatingIfNeeded: held >> UInt32(bits)))
                held &= (1 << UInt32(bits)) - 1
            }
        }
        return out
    }
}
