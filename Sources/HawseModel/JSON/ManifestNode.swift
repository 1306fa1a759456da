/// Where a value stands in its file: line and column from 1, columns counted in Unicode scalars.
public struct SourceMark: Sendable, Hashable, Comparable {
    public var line: Int32
    public var column: Int32

    public init(line: Int, column: Int) {
        self.line = Int32(clamping: line)
        self.column = Int32(clamping: column)
    }

    /// The mark of values that no file holds.
    public static let none = SourceMark(line: 0, column: 0)

    public static func < (a: Self, b: Self) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// One value of a manifest with the place it came from: the JSON data model, keys in the order of the file.
///
/// YAML and JSON both end here; typed objects are read from it and written to it.
public struct ManifestNode: Sendable {
    public enum Value: Sendable {
        case null
        case bool(Bool)
        case integer(Int64)
        /// A number that is not an integer, with its text.
        case number(Double, text: String)
        case string(String)
        case list([ManifestNode])
        case map([Entry])
    }

    public struct Entry: Sendable {
        public var key: String
        public var mark: SourceMark
        public var node: ManifestNode

        public init(_ key: String, _ node: ManifestNode, mark: SourceMark = .none) {
            self.key = key
            self.node = node
            self.mark = mark
        }
    }

    public var value: Value
    public var mark: SourceMark

    public init(_ value: Value, mark: SourceMark = .none) {
        self.value = value
        self.mark = mark
    }

    public static func string(_ text: String) -> Self { Self(.string(text)) }
    public static func integer(_ value: Int) -> Self { Self(.integer(Int64(value))) }
    public static func bool(_ value: Bool) -> Self { Self(.bool(value)) }
    public static let null = ManifestNode(.null)

    public subscript(key: String) -> ManifestNode? {
        guard case .map(let entries) = value else { return nil }
        return entries.first { $0.key == key }?.node
    }

    public subscript(index: Int) -> ManifestNode? {
        guard case .list(let items) = value, items.indices.contains(index) else { return nil }
        return items[index]
    }

    public var text: String? {
        if case .string(let text) = value { return text }
        return nil
    }

    public var int: Int? {
        if case .integer(let number) = value { return Int(number) }
        return nil
    }

    /// Any number.
    public var decimal: Double? {
        switch value {
        case .integer(let number): Double(number)
        case .number(let number, _): number
        default: nil
        }
    }

    public var flag: Bool? {
        if case .bool(let flag) = value { return flag }
        return nil
    }

    public var items: [ManifestNode]? {
        if case .list(let items) = value { return items }
        return nil
    }

    public var entries: [Entry]? {
        if case .map(let entries) = value { return entries }
        return nil
    }

    public var isNull: Bool {
        if case .null = value { return true }
        return false
    }

    /// JSON's word for the value's type, as Go's decoder names it in its errors.
    public var typeName: String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .list: "array"
        case .map: "object"
        }
    }
}

extension ManifestNode: Equatable {
    /// Equal as JSON values: marks and the order of keys do not count.
    public static func == (a: Self, b: Self) -> Bool {
        switch (a.value, b.value) {
        case (.null, .null): return true
        case (.bool(let x), .bool(let y)): return x == y
        case (.integer(let x), .integer(let y)): return x == y
        case (.number(let x, _), .number(let y, _)): return x == y
        case (.string(let x), .string(let y)): return x == y
        case (.list(let x), .list(let y)): return x == y
        case (.map(let x), .map(let y)):
            guard x.count == y.count else { return false }
            let known = Dictionary(y.map { ($0.key, $0.node) }, uniquingKeysWith: { first, _ in first })
            return x.allSatisfy { known[$0.key] == $0.node }
        default: return false
        }
    }
}

extension ManifestNode: Hashable {
    public func hash(into hasher: inout Hasher) {
        switch value {
        case .null: hasher.combine(0)
        case .bool(let flag): hasher.combine(flag)
        case .integer(let number): hasher.combine(number)
        case .number(let number, _): hasher.combine(number)
        case .string(let text): hasher.combine(text)
        case .list(let items): hasher.combine(items)
        case .map(let entries): hasher.combine(entries.count)
        }
    }
}
