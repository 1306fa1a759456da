import HawseModel

/// One finding of `hawse check`: where, about which object and field, and the API server's word for it.
public struct AdmissionFinding: Sendable, Hashable {
    public var file: String
    public var mark: SourceMark
    public var kind: String
    public var namespace: String
    public var name: String
    public var field: String
    /// A cause's reason (`FieldValueInvalid`), or the status's own where it has no causes (`NotFound`).
    public var type: String
    public var message: String
    /// The status code that the API server would have answered with.
    public var code: Int
    public var suggestion: String?
}

/// What the API server would refuse, and why.
public enum ManifestAdmission {
    /// Checks manifests in order against a cluster that grows with those that are accepted. Unknown fields are
    /// errors, as with `--validate=strict`.
    public static func findings(
        _ loader: ManifestLoader, in cluster: ClusterState? = nil
    ) -> (findings: [AdmissionFinding], state: ClusterState) {
        var state = cluster ?? ClusterState(configuration: configuration(for: loader.objects))
        var findings = loader.diagnostics.filter { $0.severity == .error }.map { finding($0, loader) }
        let namespaces = Set(loader.objects.filter { $0.kind == "Namespace" }.map(\.metadata.name))
        state.prepareForCheck(loader.objects, namespaces: namespaces)
        // A pod's class may stand behind it: a folder's file order says nothing about that.
        let applied = loader.objects.filter { $0.operation == .apply }
        let classes = applied.filter { $0.kind == "PriorityClass" }
        for object in classes + applied.filter({ $0.kind != "PriorityClass" }) {
            do throws(StatusError) { try state.checkOne(object) } catch {
                findings += Self.findings(error, object)
            }
        }
        return (findings.sorted { ($0.file, $0.mark) < ($1.file, $1.mark) }, state)
    }

    /// Dual stack only where ranges of ClusterIPs or of nodes say so: asking for it is what may be refused.
    private static func configuration(for objects: [LoadedObject]) -> ClusterConfiguration {
        .fitting(objects.filter { $0.kind == "ServiceCIDR" || $0.kind == "Node" })
    }

    private static func finding(_ diagnostic: ManifestDiagnostic, _ loader: ManifestLoader) -> AdmissionFinding {
        var message = diagnostic.message
        if message.hasPrefix("unknown field") || message.hasPrefix("duplicate field") { message = "strict decoding error: \(message)" }
        return AdmissionFinding(
            file: diagnostic.file, mark: diagnostic.mark, kind: diagnostic.object?.kind ?? "",
            namespace: diagnostic.object?.namespace ?? "", name: diagnostic.object?.name ?? "",
            field: diagnostic.field, type: "BadRequest", message: message, code: 400, suggestion: diagnostic.suggestion)
    }

    private static func findings(_ error: StatusError, _ object: LoadedObject) -> [AdmissionFinding] {
        func finding(_ field: String, _ type: String, _ message: String) -> AdmissionFinding {
            AdmissionFinding(
                file: object.file, mark: object.mark(ofField: field), kind: object.kind,
                namespace: object.metadata.namespace, name: object.metadata.name, field: field, type: type,
                message: message, code: error.code)
        }
        if error.causes.isEmpty { return [finding("", error.reason, error.message)] }
        return error.causes.map { finding($0.field, $0.type.rawValue, $0.message) }
    }
}

extension ClusterState {
    mutating func prepareForCheck(_ objects: [LoadedObject], namespaces: Set<String>) {
        for name in namespaces.sorted() where store.namespaces[ObjectKey(name: name)] == nil { createNamespace(name) }
        for object in objects where !object.metadata.uid.isEmpty && object.kind == "Service" {
            // A dump brings the Services that a fresh cluster has already.
            let key = ObjectKey(namespace: object.metadata.namespace, name: object.metadata.name)
            if let old = store.services[key] {
                releaseAll(of: old)
                store.remove(Kubernetes.Service.self, key)
            }
        }
        checkedKeys = []
    }

    /// Creates an object as a POST; a second manifest for the same object is an apply over the first.
    mutating func checkOne(_ loaded: LoadedObject) throws(StatusError) {
        guard case .known(let object) = loaded.content, let stored = object as? any StoredKind else { return }
        let identity = "\(loaded.kind)/\(loaded.metadata.namespace)/\(loaded.metadata.name)"
        let isBuiltIn = ["Namespace", "ServiceCIDR", "IPAddress"].contains(loaded.kind) || !loaded.metadata.uid.isEmpty
        if isBuiltIn {
            try apply(loaded)
        } else if !checkedKeys.insert(identity).inserted {
            try apply(loaded)
        } else {
            try checkCreate(stored)
            lastApplied["\(loaded.kind)/\(namespacedKey(stored))"] = loaded.node
        }
    }

    private func namespacedKey<T: StoredKind>(_ object: T) -> ObjectKey { namespaced(object).key }

    private mutating func checkCreate<T: StoredKind>(_ object: T) throws(StatusError) { try createFromUser(object) }
}
