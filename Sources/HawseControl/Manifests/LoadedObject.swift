import HawseModel

/// An object as a manifest gave it, with its place and its raw form.
public struct LoadedObject: Sendable {
    public enum Content: Sendable {
        case known(any KubernetesObject)
        case unknown(Kubernetes.Unknown)
    }

    /// What a file asks to be done with its objects. A file whose name starts with `delete-` deletes them.
    public enum Operation: Sendable { case apply, delete }

    public var operation = Operation.apply
    public var content: Content
    public var file: String
    public var mark: SourceMark
    /// The object as written, for patches and for errors that need the place of a field.
    public var node: ManifestNode

    init(content: Content, file: String, mark: SourceMark, node: ManifestNode) {
        self.content = content
        self.file = file
        self.mark = mark
        self.node = node
        let name = file.split(separator: "/").last ?? ""
        if name.hasPrefix("delete-") { operation = .delete }
    }

    public var kind: String {
        switch content {
        case .known(let object): object.kindName
        case .unknown(let object): object.kind
        }
    }

    public var metadata: Kubernetes.ObjectMeta {
        switch content {
        case .known(let object): object.metadata
        case .unknown(let object): object.metadata
        }
    }

    /// The typed object, when it is of that kind.
    public func of<T: KubernetesObject>(_ type: T.Type) -> T? {
        if case .known(let object) = content { return object as? T }
        return nil
    }

    /// The place of a field such as `spec.ports[0].port`, or of its nearest ancestor that the file has.
    public func mark(ofField path: String) -> SourceMark {
        var current = node
        var best = mark
        for step in path.split(whereSeparator: { $0 == "." || $0 == "[" || $0 == "]" }) {
            if let index = Int(step), let item = current[index] {
                current = item
                best = item.mark
            } else if let entry = current.entries?.first(where: { $0.key == step }) {
                current = entry.node
                best = entry.mark
            } else {
                break
            }
        }
        return best
    }
}
