/// The formats of names (`k8s.io/apimachinery/pkg/util/validation`): each function gives what is wrong with a text.
enum NameFormat {
    typealias Check = @Sendable (String) -> [String]

    private static func isLower(_ byte: UInt8) -> Bool { (97...122).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || isDigit(byte) || (65...90).contains(byte)
    }

    private static func isLabelText(_ text: some Collection<UInt8>, firstLetter: Bool = false) -> Bool {
        guard let first = text.first else { return false }
        let bytes = Array(text)
        guard firstLetter ? isLower(first) : isLower(first) || isDigit(first), let last = bytes.last,
            isLower(last) || isDigit(last)
        else { return false }
        return bytes.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }
    }

    /// Of names; what newer code checks, label keys and values, is counted in bytes by its words, too.
    static func tooLong(_ count: Int) -> String { "must be no more than \(count) characters" }
    private static func tooManyBytes(_ count: Int) -> String { "must be no more than \(count) bytes" }

    /// RFC 1123 label.
    static let label: Check = { text in
        var errors = text.utf8.count > 63 ? [tooLong(63)] : []
        if isLabelText(text.utf8) { return errors }
        if isSubdomainText(text) {
            errors.append("must not contain dots")
        } else {
            errors.append(
                "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
                    + "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
                    + "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
        }
        return errors
    }

    /// RFC 1035 label: starts with a letter.
    static let label1035: Check = { text in
        var errors = text.utf8.count > 63 ? [tooLong(63)] : []
        if !isLabelText(text.utf8, firstLetter: true) {
            errors.append(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
                    + "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used "
                    + "for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')")
        }
        return errors
    }

    static let subdomainText =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
        + "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    private static func isSubdomainText(_ text: some StringProtocol) -> Bool {
        text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { isLabelText($0) }
    }

    static let subdomain: Check = { text in
        (text.utf8.count > 253 ? [tooLong(253)] : []) + (isSubdomainText(text) ? [] : [subdomainText])
    }

    /// The same with underscores in it, and one in front of a label (`IsDNS1123SubdomainWithUnderscore`).
    static let subdomainWithUnderscore: Check = { text in
        var errors = text.utf8.count > 253 ? [tooLong(253)] : []
        let isGood = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
            let label = part.first == UInt8(ascii: "_") ? part.dropFirst() : part[...]
            guard let first = label.first, let last = label.last, isLower(first) || isDigit(first),
                isLower(last) || isDigit(last)
            else { return false }
            return label.allSatisfy { isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") }
        }
        if !isGood {
            errors.append(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and "
                    + "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    + "'_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')")
        }
        return errors
    }

    static let wildcardSubdomain: Check = { text in
        let errors = text.utf8.count > 253 ? [tooLong(253)] : []
        guard text.hasPrefix("*."), isSubdomainText(text.dropFirst(2)) else {
            return errors + [
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
                    + "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric "
                    + "character (e.g. '*.example.com', regex used for validation is "
                    + "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ]
        }
        return errors
    }

    private static func isNamePart(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return text.utf8.allSatisfy {
            isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".")
        }
    }

    private static let namePartText =
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        + "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

    /// A name with an optional DNS prefix: label keys, finalizers, load-balancer classes.
    static let qualified: Check = { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        var errors: [String] = []
        var name = parts.first ?? ""
        if parts.count == 2 {
            if name.isEmpty {
                errors.append("prefix part must be non-empty")
            } else {
                if name.utf8.count > 253 { errors.append("prefix part \(tooManyBytes(253))") }
                if !isSubdomainText(name) { errors.append("prefix part \(subdomainText)") }
            }
            name = parts[1]
        } else if parts.count > 2 {
            return [
                "a valid label key \(namePartText) with an optional DNS subdomain prefix and '/' (e.g. "
                    + "'example.com/MyName')"
            ]
        }
        if name.isEmpty {
            errors.append("name part must be non-empty")
        } else if name.utf8.count > 63 {
            errors.append("name part \(tooManyBytes(63))")
        }
        if !isNamePart(name) { errors.append("name part \(namePartText)") }
        return errors
    }

    static let labelValue: Check = { text in
        var errors = text.utf8.count > 63 ? [tooManyBytes(63)] : []
        if !text.isEmpty, !isNamePart(text[...]) {
            errors.append(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                    + "must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or "
                    + "'12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
        }
        return errors
    }

    /// IANA service name: up to 15 letters, digits and single hyphens, with a letter.
    static let portName: Check = { text in
        var errors = text.utf8.count > 15 ? [tooLong(15)] : []
        if !text.utf8.allSatisfy({ isLower($0) || isDigit($0) || $0 == UInt8(ascii: "-") }) || text.isEmpty {
            errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if !text.utf8.contains(where: isLower) { errors.append("must contain at least one letter (a-z)") }
        if text.contains("--") { errors.append("must not contain consecutive hyphens") }
        if text.hasPrefix("-") || text.hasSuffix("-") { errors.append("must not begin or end with a hyphen") }
        return errors
    }

    static func portNumber(_ port: Int) -> [String] {
        (1...65535).contains(port) ? [] : ["must be between 1 and 65535, inclusive"]
    }

    /// A name that can stand in a URL's path.
    static let pathSegment: Check = { text in
        if text == "." || text == ".." { return ["may not be '\(text)'"] }
        return ["/", "%"].filter(text.contains).map { "may not contain '\($0)'" }
    }

    /// What may stand in an HTTP path (RFC 3986).
    static func isHTTPPath(_ text: some StringProtocol) -> Bool {
        let marks = Set("/-._~%!$&'()*+,;=:".utf8)
        return !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || marks.contains($0) }
    }

    /// A full domain name of at least two labels, a dot at its end or not (`IsFullyQualifiedDomainName`).
    static func fullyQualified(_ text: String, at path: String) -> [FieldError] {
        if text.isEmpty { return [.required(path)] }
        let name = text.hasSuffix(".") ? String(text.dropLast()) : text
        let errors = subdomain(name)
        if !errors.isEmpty { return [.invalid(path, name, errors.joined(separator: ","))] }
        let labels = name.split(separator: ".").map(String.init)
        if labels.count < 2 {
            return [.invalid(path, name, "should be a domain with at least two segments separated by dots")]
        }
        guard let wrong = labels.first(where: { !label($0).isEmpty }) else { return [] }
        return [.invalid(path, wrong, label(wrong).joined(separator: ","))]
    }
}
