import HawseModel

extension ManifestNode {
    /// RFC 7386: maps merge key by key, null removes, anything else replaces.
    public func merged(with patch: ManifestNode) -> ManifestNode {
        guard case .map(let changes) = patch.value else { return patch }
        var entries = self.entries ?? []
        for change in changes {
            let index = entries.firstIndex { $0.key == change.key }
            if change.node.isNull {
                if let index { entries.remove(at: index) }
            } else if let index {
                entries[index].node = entries[index].node.merged(with: change.node)
            } else {
                entries.append(.init(change.key, ManifestNode.null.merged(with: change.node), mark: change.mark))
            }
        }
        return ManifestNode(.map(entries), mark: mark)
    }

    /// The patch that `kubectl apply` sends: what the new manifest says, and null for what the last one said and
    /// this one no longer does.
    public func applyPatch(after last: ManifestNode?) -> ManifestNode {
        guard case .map(let wanted) = value, let before = last?.entries else { return self }
        var entries = wanted.map { entry in
            ManifestNode.Entry(
                entry.key, entry.node.applyPatch(after: last?[entry.key]), mark: entry.mark)
        }
        for entry in before where !wanted.contains(where: { $0.key == entry.key }) {
            entries.append(.init(entry.key, .null))
        }
        return ManifestNode(.map(entries), mark: mark)
    }
}
