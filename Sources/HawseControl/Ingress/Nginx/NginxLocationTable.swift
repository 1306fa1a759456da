/// A server's locations in nginx's order of search: exact, then the longest prefix; or, when any of them rewrites or is an
/// expression, all of them as expressions without regard to case, in the order of the configuration.
struct NginxLocationTable {
    let locations: [NginxLocation]
    let usesExpressions: Bool
    private var exact: [String: Int] = [:]
    private var prefixes: [(path: String, index: Int)] = []
    private var expressions: [(NginxExpression, Int)] = []

    init(_ server: NginxServer, _ notes: inout [String]) {
        // Longer paths first; of one length, the later in the alphabet.
        let sorted = server.locations.enumerated().sorted { a, b in
            let (x, y) = (a.element.path.utf8, b.element.path.utf8)
            if x.count != y.count { return x.count > y.count }
            if a.element.path != b.element.path { return y.lexicographicallyPrecedes(x) }
            return a.offset < b.offset
        }.map(\.element)
        locations = Self.split(sorted).map { location in
            var location = location
            if location.annotations.rewrite.isNeeded(for: location.path) {
                location.rewriting = NginxExpression(location.path, ignoresCase: true)
            }
            return location
        }
        usesExpressions = locations.contains { $0.annotations.rewrite.isNeeded(for: $0.path) || $0.annotations.rewrite.usesRegex }
        for (index, location) in locations.enumerated() {
            if usesExpressions {
                if let expression = NginxExpression("^" + location.path, ignoresCase: true) {
                    expressions.append((expression, index))
                } else {
                    notes.append(
                        "host \(server.name): the path \(location.path) is no expression; nginx would refuse the configuration")
                }
            } else if location.isExact {
                if exact[location.path] == nil { exact[location.path] = index }
            } else if !prefixes.contains(where: { $0.path == location.path }) {
                prefixes.append((location.path, index))
            }
        }
        prefixes.sort { $0.path.utf8.count > $1.path.utf8.count }
    }

    /// A Prefix path becomes two locations: the path itself, and all that is under it.
    private static func split(_ locations: [NginxLocation]) -> [NginxLocation] {
        let taken = Set(locations.filter(\.isExact).map(\.path))
        var result: [NginxLocation] = []
        for var location in locations {
            if location.path != "/" { location.ingressPath = location.path }
            guard location.path != "/", !location.isExact, !location.annotations.rewrite.isNeeded(for: location.path),
                !location.annotations.rewrite.usesRegex
            else {
                result.append(location)
                continue
            }
            var itself = location
            itself.isExact = true
            if !location.path.hasSuffix("/") { location.path += "/" }
            result.append(location)
            if !taken.contains(itself.path) { result.append(itself) }
        }
        return result
    }

    enum Result {
        case location(NginxLocation)
        /// The path lacks a final slash: nginx answers 301 itself.
        case addSlash
        case none
    }

    func find(_ uri: String) -> Result {
        if usesExpressions {
            return expressions.first { $0.0.matches(uri) }.map { .location(locations[$0.1]) } ?? .none
        }
        if let index = exact[uri] { return .location(locations[index]) }
        if prefixes.contains(where: { $0.path == uri + "/" && locations[$0.index].annotations.denied == nil }) {
            return .addSlash
        }
        return prefixes.first { uri.utf8.starts(with: $0.path.utf8) }.map { .location(locations[$0.index]) } ?? .none
    }

    /// The rules' paths as they are tried, without the root that every server has.
    var order: [String] {
        guard usesExpressions else { return [] }
        var seen: Set<String> = []
        return locations.filter { !$0.isDefault }.map { $0.ingressPath.isEmpty ? $0.path : $0.ingressPath }.filter {
            seen.insert($0).inserted
        }
    }
}
