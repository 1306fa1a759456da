/// A regular expression of an nginx configuration; matched anywhere in a text unless it says otherwise.
struct NginxExpression {
    private let regex: Regex<AnyRegexOutput>

    /// nil: it is not well formed.
    init?(_ pattern: String, ignoresCase: Bool = false) {
        guard let regex = try? Regex(pattern) else { return nil }
        let scalars = regex.matchingSemantics(.unicodeScalar).asciiOnlyDigits().asciiOnlyWordCharacters()
        self.regex = ignoresCase ? scalars.ignoresCase() : scalars
    }

    func matches(_ text: String) -> Bool { (try? regex.firstMatch(in: text)) != nil }

    /// The whole match and its captures; a capture that took no part is empty.
    func captures(_ text: String) -> [String]? {
        guard let match = try? regex.firstMatch(in: text) else { return nil }
        return match.output.map { $0.substring.map(String.init) ?? "" }
    }

    /// A value of a `map` or a `server_name`: `~` in front makes an expression, `~*` one without regard to case; a plain text
    /// is compared whole, without regard to case.
    static func mapEntry(_ entry: String, takes value: String) -> Bool {
        if entry.hasPrefix("~*") {
            return NginxExpression(String(entry.dropFirst(2)), ignoresCase: true)?.matches(value) ?? false
        }
        if entry.hasPrefix("~") { return NginxExpression(String(entry.dropFirst()))?.matches(value) ?? false }
        return entry.lowercased() == value.lowercased()
    }
}
