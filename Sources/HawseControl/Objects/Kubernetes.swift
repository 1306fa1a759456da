import HawseModel

/// The objects of the Kubernetes API, under their own names: `Kubernetes.Service`, `Kubernetes.Node`.
public enum Kubernetes {}

/// An object of the API with its kind.
public protocol KubernetesObject: FieldMap {
    /// `v1`, `apps/v1`
    static var apiVersion: String { get }
    static var kind: String { get }
    /// The resource's name in URLs and messages: `endpointslices`.
    static var plural: String { get }
    static var shortNames: [String] { get }
    static var isNamespaced: Bool { get }
    var metadata: Kubernetes.ObjectMeta { get set }
}

extension KubernetesObject {
    public static var shortNames: [String] { [] }
    public static var isNamespaced: Bool { true }
    /// `apps`; empty for the core group.
    public static var group: String {
        apiVersion.contains("/") ? String(apiVersion.prefix { $0 != "/" }) : ""
    }
    /// Whether Kubernetes 1.36 takes the kind in this version. Of those here a few have a second one besides their own.
    public static func isServed(_ version: String) -> Bool {
        switch (kind, version) {
        case (_, apiVersion), ("HorizontalPodAutoscaler", "autoscaling/v1"): true
        case ("ServiceCIDR", "networking.k8s.io/v1beta1"), ("IPAddress", "networking.k8s.io/v1beta1"): true
        default: false
        }
    }
    /// `deployments.apps`, as the API server's messages name resources.
    public static var qualifiedPlural: String { group.isEmpty ? plural : "\(plural).\(group)" }
    /// `Deployment.apps`, as the API server's messages name kinds.
    public static var qualifiedKind: String { group.isEmpty ? kind : "\(kind).\(group)" }

    public var key: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }
    /// The text of the static `apiVersion` and `kind`, reachable through an existential.
    public var kindName: String { Self.kind }

    /// The object with `apiVersion` and `kind` in front, as the API server answers.
    public func manifest() -> ManifestNode {
        var entries: [ManifestNode.Entry] = [
            .init("apiVersion", .string(Self.apiVersion)), .init("kind", .string(Self.kind)),
        ]
        entries += written().entries ?? []
        return ManifestNode(.map(entries))
    }
}

/// An object's namespace and name; cluster-wide objects have an empty namespace. Ordered as kubectl lists.
public struct ObjectKey: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var namespace: String
    public var name: String

    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    /// Byte-wise, as etcd orders its keys.
    public static func < (a: Self, b: Self) -> Bool {
        if a.namespace != b.namespace { return a.namespace.utf8.lexicographicallyPrecedes(b.namespace.utf8) }
        return a.name.utf8.lexicographicallyPrecedes(b.name.utf8)
    }

    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }
}
