import HawseModel

/// A value that can stand in a field of a Kubernetes object.
public protocol FieldValue: Sendable, Hashable {
    /// Reads a node that is not null; on a wrong type says so to the context and returns `nil`.
    static func read(_ node: ManifestNode, _ context: FieldContext) -> Self?
    func written() -> ManifestNode
    /// True for Go's zero value, which `omitempty` leaves out.
    var isZero: Bool { get }
    /// The Go type the API declares, for the decoder's error text.
    static var goType: String { get }
    /// With its package, as Go prints types: `v1.ServicePort`.
    static var goName: String { get }
}

extension FieldValue {
    public static var goName: String { goType }
}

/// A struct of the API. Its one list of fields serves reading, writing and the search for unknown fields.
public protocol FieldMap: FieldValue {
    init()
    mutating func fields<M: FieldMapper>(_ map: inout M)
}

/// What visits the fields of a `FieldMap`.
public protocol FieldMapper {
    /// A field that is left out when it holds Go's zero value.
    mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T)
    /// A pointer field: absent and zero differ.
    mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T?)
    /// A field that is written even when zero; an empty list is written as null, which is what Go has in its place.
    mutating func always<T: FieldValue>(_ key: String, _ value: inout T)
    /// A field that is kept as it came; what does not have the shape is complained of.
    mutating func shaped(_ key: String, _ value: inout ManifestNode?, _ shape: FieldShape)
    /// A pointer that is written as null when there is none.
    mutating func always<T: FieldValue>(_ key: String, _ value: inout T?)
}

extension FieldMap {
    public var isZero: Bool { false }
    public static var goType: String { String(describing: Self.self) }
    public static var goName: String { "v1.\(goType)" }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> Self? {
        guard case .map(let entries) = node.value else {
            context.wrongType(node, goType: goName)
            return nil
        }
        var result = Self()
        var reader = FieldReader(entries: entries, context: context)
        let outer = context.structName
        context.structName = goType
        result.fields(&reader)
        context.structName = outer
        reader.finish(Self.self)
        return result
    }

    public func written() -> ManifestNode {
        var copy = self
        var writer = FieldWriter()
        copy.fields(&writer)
        return ManifestNode(.map(writer.entries))
    }

    /// The keys that this struct knows, in the order of its declaration.
    public static var knownFields: [String] {
        var blank = Self()
        var collector = FieldNames()
        blank.fields(&collector)
        return collector.names
    }
}

/// Writes fields into a map node.
public struct FieldWriter: FieldMapper {
    public var entries: [ManifestNode.Entry] = []

    public init() {}

    public mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T) {
        if !value.isZero { entries.append(.init(key, value.written())) }
    }

    public mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T?) {
        if let value { entries.append(.init(key, value.written())) }
    }

    public mutating func always<T: FieldValue>(_ key: String, _ value: inout T) {
        let node = value.written()
        if case .list(let items) = node.value, items.isEmpty {
            entries.append(.init(key, ManifestNode(.null)))
        } else {
            entries.append(.init(key, node))
        }
    }

    public mutating func always<T: FieldValue>(_ key: String, _ value: inout T?) {
        entries.append(.init(key, value?.written() ?? ManifestNode(.null)))
    }

    public mutating func shaped(_ key: String, _ value: inout ManifestNode?, _ shape: FieldShape) { self(key, &value) }
}

extension FieldWriter {
    /// Adds fields to every map of a list that lacks them: Go writes some of them although they hold nothing.
    mutating func complete(_ list: String, with fields: [ManifestNode.Entry]) {
        guard let at = entries.firstIndex(where: { $0.key == list }), case .list(let items) = entries[at].node.value else {
            return
        }
        let completed = items.map { item -> ManifestNode in
            guard case .map(var inner) = item.value else { return item }
            for field in fields where !inner.contains(where: { $0.key == field.key }) { inner.append(field) }
            inner.sort { $0.key < $1.key }
            return ManifestNode(.map(inner), mark: item.mark)
        }
        entries[at].node = ManifestNode(.list(completed))
    }
}

/// Collects the names of fields.
struct FieldNames: FieldMapper {
    var names: [String] = []

    mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T) { names.append(key) }
    mutating func callAsFunction<T: FieldValue>(_ key: String, _ value: inout T?) { names.append(key) }
    mutating func always<T: FieldValue>(_ key: String, _ value: inout T) { names.append(key) }
    mutating func always<T: FieldValue>(_ key: String, _ value: inout T?) { names.append(key) }
    mutating func shaped(_ key: String, _ value: inout ManifestNode?, _ shape: FieldShape) { names.append(key) }
}
