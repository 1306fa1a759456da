/// One match of a rule, ready to be compared with requests.
struct HTTPRouteMatcher {
    private enum Value {
        case exact(String)
        case expression(NginxExpression?)

        init(_ match: Kubernetes.HTTPValueMatch) {
            let value = match.value ?? ""
            self = match.type == "RegularExpression" ? .expression(NginxExpression("^(?:\(value))$")) : .exact(value)
        }

        func takes(_ text: String) -> Bool {
            switch self {
            case .exact(let value): value == text
            case .expression(let expression): expression?.matches(text) ?? false
            }
        }
    }

    private enum Path {
        case exact(String)
        case prefix(String)
        case expression(NginxExpression?, Int)
    }

    private let path: Path
    private let method: String?
    private let headers: [(name: String, value: Value)]
    private let query: [(name: String, value: Value)]
    /// The path that prefix replacements take away.
    let prefix: String
    let pathType: String
    let pathText: String

    init(_ match: Kubernetes.HTTPRouteMatch) {
        let value = match.path?.value ?? "/"
        pathType = match.path?.type ?? "PathPrefix"
        pathText = value
        switch pathType {
        case "Exact": (path, prefix) = (.exact(value), value)
        case "RegularExpression": (path, prefix) = (.expression(NginxExpression("^(?:\(value))$"), value.utf8.count), "/")
        default: (path, prefix) = (.prefix(value), value)
        }
        method = match.method
        headers = Self.first(match.headers) { $0.lowercased() }
        query = Self.first(match.queryParams) { $0 }
    }

    /// Of entries with one name the first counts.
    private static func first(_ all: [Kubernetes.HTTPValueMatch], _ fold: (String) -> String) -> [(name: String, value: Value)] {
        var seen: Set<String> = []
        return all.filter { seen.insert(fold($0.name)).inserted }.map { ($0.name, Value($0)) }
    }

    func takes(_ request: RouteRequest, _ parameters: [(name: String, value: String)]) -> Bool {
        switch path {
        case .exact(let value): if value != request.path { return false }
        case .prefix(let value): if !PathElements.isPrefix(value, of: request.path) { return false }
        case .expression(let expression, _): if expression?.matches(request.path) != true { return false }
        }
        if let method, method != request.method { return false }
        return headers.allSatisfy { entry in request.headers[entry.name].map { entry.value.takes($0) } ?? false }
            && query.allSatisfy { entry in parameters.first { $0.name == entry.name }.map { entry.value.takes($0.value) } ?? false
            }
    }

    /// Exact paths before prefixes, longer before shorter, then a method, then more header fields, then more parameters.
    var rank: [Int] {
        let (kind, length): (Int, Int) =
            switch path {
            case .exact(let value): (1, value.utf8.count)
            case .prefix(let value): (0, value.utf8.count)
            case .expression(_, let length): (0, length)
            }
        return [kind, length, method == nil ? 0 : 1, headers.count, query.count]
    }

    /// A query's names and values, decoded.
    static func parameters(_ query: String?) -> [(name: String, value: String)] {
        (query ?? "").split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decode(parts[0]), parts.count > 1 ? decode(parts[1]) : "")
        }
    }

    private static func decode(_ text: Substring) -> String {
        var out: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                out.append(32)
            } else if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16), rest.count >= 2 {
                out.append(value)
                rest = rest.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
