/// nginx's choice of a server by name: exact, then `*.` names (the longest), then names that end in `.*`, then expressions in
/// the order of the configuration, else the default server.
struct NginxServerNames {
    private var exact: [String: Int] = [:]
    private var leading: [(suffix: String, index: Int)] = []
    private var trailing: [(prefix: String, index: Int)] = []
    private var expressions: [(NginxExpression, Int)] = []

    /// A host of an Ingress rule; a wildcard becomes an expression for one label.
    mutating func add(host: String, index: Int) {
        guard host.hasPrefix("*.") else { return add(name: host, index: index) }
        let rest = host.dropFirst(2).split(separator: ".", omittingEmptySubsequences: false).joined(separator: "\\.")
        if let expression = NginxExpression("^([\\w-]+)\\." + rest + "$") { expressions.append((expression, index)) }
    }

    /// A name as nginx's `server_name` takes it. The first of equal names counts.
    mutating func add(name: String, index: Int) {
        if name.hasPrefix("~") {
            if let expression = NginxExpression(String(name.dropFirst()), ignoresCase: true) {
                expressions.append((expression, index))
            }
        } else if name.hasPrefix("*.") {
            leading.append((String(name.dropFirst()).lowercased(), index))
        } else if name.hasSuffix(".*") {
            trailing.append((String(name.dropLast()).lowercased(), index))
        } else if exact[name.lowercased()] == nil {
            exact[name.lowercased()] = index
        }
    }

    func find(_ host: String) -> Int? {
        if let index = exact[host] { return index }
        if let best = leading.filter({ host.hasSuffix($0.suffix) && host.count > $0.suffix.count }).max(by: {
            $0.suffix.count < $1.suffix.count
        }) {
            return best.index
        }
        if let best = trailing.filter({ host.hasPrefix($0.prefix) && host.count > $0.prefix.count }).max(by: {
            $0.prefix.count < $1.prefix.count
        }) {
            return best.index
        }
        return expressions.first { $0.0.matches(host) }?.1
    }
}
