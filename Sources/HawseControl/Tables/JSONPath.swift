import HawseModel

/// kubectl's JSONPath templates: `{.items[*].metadata.name}`, `{range .items[?(@.spec.nodeName=="a")]}…{"\n"}{end}`.
public struct JSONPath: Sendable {
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    /// One piece of a template.
    enum Part: Sendable {
        case text(String)
        case path([Step])
        case range([Step], [Part])
    }

    /// One step of a path: from values to values.
    indirect enum Step: Sendable {
        case root
        case field(String)
        case every
        case index(Int)
        case slice(Int?, Int?, Int)
        case union([[Step]])
        case recursive
        case filter(Operand, String, Operand)
    }

    enum Operand: Sendable {
        case path([Step])
        case value(ManifestNode)
        case nothing
    }

    let parts: [Part]

    public init(_ template: String) throws(Failure) {
        var parser = JSONPathParser(template)
        parts = try parser.template()
    }

    /// A path with or without braces and the dot in front: `metadata.name`, `.spec.nodeName`, `{.a}`.
    public init(relaxed path: String) throws(Failure) {
        var body = path
        if body.hasPrefix("{"), body.hasSuffix("}") { body = String(body.dropFirst().dropLast()) }
        if !body.hasPrefix("."), !body.hasPrefix("["), !body.hasPrefix("$"), !body.hasPrefix("@") { body = "." + body }
        try self.init("{\(body)}")
    }

    /// The template filled in.
    public func text(of node: ManifestNode) -> String { Self.text(parts, node, root: node) }

    /// What the template's first path finds.
    public func values(of node: ManifestNode) -> [ManifestNode] {
        for case .path(let steps) in parts { return Self.walk(steps, from: [node], root: node) }
        return []
    }

    private static func text(_ parts: [Part], _ node: ManifestNode, root: ManifestNode) -> String {
        parts.map { part -> String in
            switch part {
            case .text(let text): text
            case .path(let steps): walk(steps, from: [node], root: root).map(written).joined(separator: " ")
            case .range(let steps, let body):
                walk(steps, from: [node], root: root).map { text(body, $0, root: root) }.joined()
            }
        }.joined()
    }

    static func written(_ node: ManifestNode) -> String {
        switch node.value {
        case .string(let text): text
        case .null: ""
        default: JSONWriter.compact(node)
        }
    }

    static func walk(_ steps: [Step], from nodes: [ManifestNode], root: ManifestNode) -> [ManifestNode] {
        var current = nodes
        for step in steps { current = current.flatMap { take(step, $0, root: root) } }
        return current
    }

    private static func take(_ step: Step, _ node: ManifestNode, root: ManifestNode) -> [ManifestNode] {
        switch step {
        case .root: return [root]
        case .field(let key): return node[key].map { [$0] } ?? []
        case .every: return children(of: node)
        case .index(let index):
            guard let items = node.items else { return [] }
            let place = index < 0 ? items.count + index : index
            return items.indices.contains(place) ? [items[place]] : []
        case .slice(let from, let to, let stride): return slice(node, from, to, stride)
        case .union(let paths): return paths.flatMap { walk($0, from: [node], root: root) }
        case .recursive: return everything(in: node)
        case .filter(let left, let op, let right):
            return (node.items ?? []).filter { holds(left, op, right, $0, root) }
        }
    }

    private static func children(of node: ManifestNode) -> [ManifestNode] {
        node.items ?? node.entries?.map(\.node) ?? []
    }

    private static func everything(in node: ManifestNode) -> [ManifestNode] {
        [node] + children(of: node).flatMap { everything(in: $0) }
    }

    private static func slice(_ node: ManifestNode, _ from: Int?, _ to: Int?, _ stride: Int) -> [ManifestNode] {
        guard let items = node.items, stride > 0 else { return [] }
        func place(_ value: Int) -> Int { min(max(value < 0 ? items.count + value : value, 0), items.count) }
        let (start, end) = (place(from ?? 0), place(to ?? items.count))
        return start < end ? Swift.stride(from: start, to: end, by: stride).map { items[$0] } : []
    }

    private static func holds(
        _ left: Operand, _ op: String, _ right: Operand, _ item: ManifestNode, _ root: ManifestNode
    ) -> Bool {
        let a = values(left, item, root)
        if op.isEmpty { return !a.isEmpty }
        guard let x = a.first, let y = values(right, item, root).first else { return false }
        switch op {
        case "==": return x == y
        case "!=": return x != y
        default: break
        }
        guard let order = compare(x, y) else { return false }
        switch op {
        case "<": return order < 0
        case "<=": return order <= 0
        case ">": return order > 0
        case ">=": return order >= 0
        default: return false
        }
    }

    private static func values(_ operand: Operand, _ item: ManifestNode, _ root: ManifestNode) -> [ManifestNode] {
        switch operand {
        case .path(let steps): walk(steps, from: [item], root: root)
        case .value(let node): [node]
        case .nothing: []
        }
    }

    /// Negative, zero or positive; nil for values that have no order between them.
    static func compare(_ a: ManifestNode, _ b: ManifestNode) -> Int? {
        if let x = number(a), let y = number(b) { return x < y ? -1 : x > y ? 1 : 0 }
        if let x = a.text, let y = b.text { return x < y ? -1 : x > y ? 1 : 0 }
        return nil
    }

    private static func number(_ node: ManifestNode) -> Double? {
        switch node.value {
        case .integer(let number): Double(number)
        case .number(let number, _): number
        default: nil
        }
    }
}
