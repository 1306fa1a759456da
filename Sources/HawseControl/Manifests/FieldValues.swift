import HawseModel

extension String: FieldValue {
    public static var goType: String { "string" }
    public var isZero: Bool { isEmpty }
    public func written() -> ManifestNode { .string(self) }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> String? {
        if case .string(let text) = node.value { return text }
        context.wrongType(node, goType: goType)
        return nil
    }
}

extension Bool: FieldValue {
    public static var goType: String { "bool" }
    public var isZero: Bool { !self }
    public func written() -> ManifestNode { .bool(self) }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> Bool? {
        if case .bool(let flag) = node.value { return flag }
        context.wrongType(node, goType: goType)
        return nil
    }
}

/// The API's `int32` fields.
extension Int: FieldValue {
    public static var goType: String { "int32" }
    public var isZero: Bool { self == 0 }
    public func written() -> ManifestNode { .integer(self) }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> Int? {
        if case .integer(let number) = node.value, let small = Int32(exactly: number) { return Int(small) }
        context.wrongType(node, goType: goType)
        return nil
    }
}

extension Int64: FieldValue {
    public static var goType: String { "int64" }
    public var isZero: Bool { self == 0 }
    public func written() -> ManifestNode { ManifestNode(.integer(self)) }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> Int64? {
        if case .integer(let number) = node.value { return number }
        context.wrongType(node, goType: goType)
        return nil
    }
}

extension ManifestNode: FieldValue {
    public static var goType: String { "interface {}" }
    public var isZero: Bool { isNull }
    public func written() -> ManifestNode { self }
    public static func read(_ node: ManifestNode, _ context: FieldContext) -> ManifestNode? { node }
}

extension Array: FieldValue where Element: FieldValue {
    public static var goType: String { "[]\(Element.goName)" }
    public var isZero: Bool { isEmpty }
    public func written() -> ManifestNode { ManifestNode(.list(map { $0.written() })) }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> [Element]? {
        guard case .list(let items) = node.value else {
            context.wrongType(node, goType: goType)
            return nil
        }
        var result: [Element] = []
        result.reserveCapacity(items.count)
        for (index, item) in items.enumerated() where !item.isNull {
            context.path.append(.index(index))
            if let element = Element.read(item, context) { result.append(element) }
            context.path.removeLast()
        }
        return result
    }
}

extension Dictionary: FieldValue where Key == String, Value: FieldValue {
    public static var goType: String { "map[string]\(Value.goName)" }
    public var isZero: Bool { isEmpty }

    /// Keys in the order of the alphabet, as Go's encoder writes maps.
    public func written() -> ManifestNode {
        ManifestNode(.map(sorted { $0.key < $1.key }.map { ManifestNode.Entry($0.key, $0.value.written()) }))
    }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> [String: Value]? {
        guard case .map(let entries) = node.value else {
            context.wrongType(node, goType: goType)
            return nil
        }
        var result: [String: Value] = [:]
        for entry in entries {
            context.path.append(.entry(entry.key))
            if result[entry.key] != nil { context.duplicate(entry) }
            if !entry.node.isNull, let value = Value.read(entry.node, context) { result[entry.key] = value }
            context.path.removeLast()
        }
        return result
    }
}

/// A word out of a list that the API may extend: unknown words are kept for validation to judge.
public protocol Keyword: FieldValue, RawRepresentable, ExpressibleByStringLiteral, CustomStringConvertible
where RawValue == String, StringLiteralType == String {
    init(rawValue: String)
}

extension Keyword {
    public init(stringLiteral value: String) { self.init(rawValue: value) }
    public var description: String { rawValue }
    public static var goType: String { "string" }
    public var isZero: Bool { rawValue.isEmpty }
    public func written() -> ManifestNode { .string(rawValue) }

    public static func read(_ node: ManifestNode, _ context: FieldContext) -> Self? {
        String.read(node, context).map { Self(rawValue: $0) }
    }
}
