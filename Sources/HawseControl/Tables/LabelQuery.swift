/// A label selector as text: `app=web,tier!=db`, `env in (prod, test)`, `!canary`, `ready` (`labels.Parse`).
public struct LabelQuery: Sendable, Hashable {
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    public var requirements: [Kubernetes.LabelSelector.Requirement] = []

    public static let everything = LabelQuery()
    private init() {}

    public init(_ text: String) throws(Failure) {
        for part in Self.parts(of: text) {
            let requirement = try Self.requirement(part)
            requirements.append(requirement)
        }
    }

    public func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }

    /// Commas outside parentheses separate.
    private static func parts(of text: String) -> [String] {
        var parts: [String] = []
        var current = ""
        var depth = 0
        for character in text {
            switch character {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(current)
                current = ""
                continue
            default: break
            }
            current.append(character)
        }
        if !trimmed(current).isEmpty || !parts.isEmpty { parts.append(current) }
        return parts.map { trimmed($0) }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var body = Substring(text)
        while body.first == " " { body.removeFirst() }
        while body.last == " " { body.removeLast() }
        return String(body)
    }

    private static func requirement(_ part: String) throws(Failure) -> Kubernetes.LabelSelector.Requirement {
        if part.isEmpty { throw Failure(description: "unable to parse requirement: found '', expected: identifier") }
        if let set = try setRequirement(part) { return set }
        for (mark, op) in [("!=", "NotIn"), ("==", "In"), ("=", "In")] {
            guard let range = firstRange(of: mark, in: part) else { continue }
            let key = trimmed(part[..<range.lowerBound])
            let value = trimmed(part[range.upperBound...])
            return try checked(.init(key: key, op: op, values: [value]), part)
        }
        if part.hasPrefix("!") { return try checked(.init(key: trimmed(part.dropFirst()), op: "DoesNotExist"), part) }
        return try checked(.init(key: part, op: "Exists"), part)
    }

    private static func firstRange(of mark: String, in text: String) -> Range<String.Index>? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(mark) { return index..<text.index(index, offsetBy: mark.count) }
            index = text.index(after: index)
        }
        return nil
    }

    private static func setRequirement(_ part: String) throws(Failure) -> Kubernetes.LabelSelector.Requirement? {
        guard part.hasSuffix(")"), let open = part.firstIndex(of: "(") else { return nil }
        let words = part[..<open].split(separator: " ").map(String.init)
        guard words.count == 2, words[1] == "in" || words[1] == "notin" else {
            throw Failure(description: "unable to parse requirement: \(part)")
        }
        let values = part[part.index(after: open)...].dropLast().split(separator: ",", omittingEmptySubsequences: false)
            .map { trimmed($0) }
        return try checked(.init(key: words[0], op: words[1] == "in" ? "In" : "NotIn", values: values), part)
    }

    private static func checked(
        _ requirement: Kubernetes.LabelSelector.Requirement, _ part: String
    ) throws(Failure) -> Kubernetes.LabelSelector.Requirement {
        let problems = NameFormat.qualified(requirement.key) + requirement.values.flatMap { NameFormat.labelValue($0) }
        if let first = problems.first { throw Failure(description: "unable to parse requirement \"\(part)\": \(first)") }
        return requirement
    }
}
