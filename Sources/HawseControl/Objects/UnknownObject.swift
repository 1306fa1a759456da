import HawseModel

extension Kubernetes {
    /// An object of a kind that this library has no type for: stored and listed as it came.
    public struct Unknown: Sendable, Hashable {
        public var apiVersion: String
        public var kind: String
        public var metadata: ObjectMeta
        public var content: ManifestNode

        public var key: ObjectKey { ObjectKey(namespace: metadata.namespace, name: metadata.name) }
    }
}
