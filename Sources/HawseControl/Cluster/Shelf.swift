import OrderedCollections

/// All objects of one kind, in the order of their creation.
public struct Shelf<Object: KubernetesObject>: Sendable {
    public private(set) var byKey: OrderedDictionary<ObjectKey, Object> = [:]

    public init() {}

    public var count: Int { byKey.count }
    public var isEmpty: Bool { byKey.isEmpty }

    public subscript(key: ObjectKey) -> Object? {
        get { byKey[key] }
        set { byKey[key] = newValue }
    }

    public subscript(namespace: String, name: String) -> Object? {
        byKey[ObjectKey(namespace: namespace, name: name)]
    }

    /// In the order of creation.
    public var all: OrderedDictionary<ObjectKey, Object>.Values { byKey.values }
    public var keys: OrderedSet<ObjectKey> { byKey.keys }

    /// By namespace and name, as the API server lists.
    public var sorted: [Object] { byKey.sorted { $0.key < $1.key }.map(\.value) }

    public func inNamespace(_ namespace: String) -> [Object] { byKey.values.filter { $0.metadata.namespace == namespace } }

    mutating func modify<R>(_ key: ObjectKey, _ body: (inout Object) -> R) -> R? {
        guard let index = byKey.index(forKey: key) else { return nil }
        return body(&byKey.values[index])
    }
}
