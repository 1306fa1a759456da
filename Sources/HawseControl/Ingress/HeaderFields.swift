/// HTTP header fields: names compare without regard to case, values are kept as given, in their order (RFC 9110, 5.1).
public struct HeaderFields: Hashable, Sendable {
    public struct Field: Hashable, Sendable {
        public var name: String
        public var value: String
    }

    public private(set) var fields: [Field] = []

    public init() {}
    public init(_ pairs: [(String, String)]) { for (name, value) in pairs { add(name, value) } }

    public var isEmpty: Bool { fields.isEmpty }

    private static func same(_ a: String, _ b: String) -> Bool {
        a.utf8.count == b.utf8.count && zip(a.utf8, b.utf8).allSatisfy { $0 == $1 || lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

    /// The value; of several fields with this name, all values as one comma list.
    public subscript(name: String) -> String? {
        let values = fields.filter { Self.same($0.name, name) }.map(\.value)
        return values.isEmpty ? nil : values.joined(separator: ", ")
    }

    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Replaces every field of this name; an empty value removes them, as nginx's `proxy_set_header` has it.
    public mutating func set(_ name: String, _ value: String) {
        let place = fields.firstIndex { Self.same($0.name, name) }
        remove(name)
        guard !value.isEmpty else { return }
        fields.insert(Field(name: name, value: value), at: min(place ?? fields.count, fields.count))
    }

    public mutating func remove(_ name: String) { fields.removeAll { Self.same($0.name, name) } }
}
