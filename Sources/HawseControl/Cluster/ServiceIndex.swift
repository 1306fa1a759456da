import OrderedCollections

/// Services by one label of their selector, to find those that a pod may belong to.
struct ServiceIndex: Sendable {
    private struct Entry: Hashable {
        var namespace: String
        var label: String
        var value: String
    }

    private var byLabel: [Entry: OrderedSet<ObjectKey>] = [:]
    private var entries: [ObjectKey: Entry] = [:]

    mutating func set(_ key: ObjectKey, selector: [String: String]?) {
        if let old = entries.removeValue(forKey: key) { byLabel[old]?.remove(key) }
        // The least label: any would do, but it has to be the same one each time.
        guard let label = selector?.min(by: { $0.key < $1.key }) else { return }
        let entry = Entry(namespace: key.namespace, label: label.key, value: label.value)
        entries[key] = entry
        byLabel[entry, default: []].append(key)
    }

    func candidates(namespace: String, labels: [String: String]) -> [ObjectKey] {
        labels.sorted { $0.key < $1.key }.flatMap { label in
            byLabel[Entry(namespace: namespace, label: label.key, value: label.value)].map(Array.init) ?? []
        }
    }
}
