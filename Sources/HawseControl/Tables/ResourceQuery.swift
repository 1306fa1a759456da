import HawseModel

/// What `get` and `describe` are asked for: kinds, perhaps names, a namespace, a selector.
public struct ResourceQuery: Sendable {
    public struct Failure: Error, Sendable, Hashable, CustomStringConvertible {
        public var description: String
    }

    public var namespace = "default"
    public var allNamespaces = false
    public var selector = LabelQuery.everything
    public var fieldSelector = FieldQuery.everything
    /// Rows in the order of what the path finds, instead of by name.
    public var sortBy: JSONPath?
    /// A last column with all labels.
    public var showsLabels = false
    /// Labels that get columns of their own.
    public var labelColumns: [String] = []
    public var output = Output.table
    public var headers = true

    /// The kinds that `all` stands for.
    private static let all = [
        "Pod", "ReplicationController", "Service", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet",
        "HorizontalPodAutoscaler", "CronJob", "Job",
    ]

    struct Target {
        var kind: String
        var type: (any KubernetesObject.Type)?
        var names: [String] = []
    }

    private(set) var targets: [Target] = []

    public init() {}

    /// Reads the words of a command line: `pods,svc`, `pod web-0 web-1`, `pod/web-0 svc/web`, `all`.
    public mutating func parse(_ words: [String], in state: ClusterState) throws(Failure) {
        guard let first = words.first else {
            throw Failure(description: "You must specify the type of resource to get.")
        }
        if first.contains("/") {
            for word in words {
                let parts = word.split(separator: "/", maxSplits: 1).map(String.init)
                guard parts.count == 2 else {
                    throw Failure(description: "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'get resource/<resource_name>' instead of 'get resource resource/<resource_name>'")
                }
                var target = try Self.target(parts[0], in: state)
                target.names = [parts[1]]
                targets.append(target)
            }
            return
        }
        for word in first.split(separator: ",") {
            if word == "all" {
                targets += Self.all.map { kind in
                    Target(kind: kind, type: Kubernetes.kinds.first { $0.kind == kind })
                }
            } else {
                targets.append(try Self.target(String(word), in: state))
            }
        }
        for index in targets.indices { targets[index].names = Array(words.dropFirst()) }
    }

    private static func target(_ word: String, in state: ClusterState) throws(Failure) -> Target {
        if let type = Kubernetes.type(resource: word) { return Target(kind: type.kind, type: type) }
        let plain = word.lowercased()
        if ["events", "event", "ev"].contains(plain) { return Target(kind: Kubernetes.Event.kind, type: Kubernetes.Event.self) }
        if let kind = state.store.unknown.keys.first(where: {
            let name = $0.lowercased()
            return plain == name || plain == name + "s" || plain == name + "es"
                || name.hasSuffix("y") && plain == name.dropLast() + "ies"
        }) {
            return Target(kind: kind)
        }
        let near = nearestWord(word, among: Kubernetes.kinds.flatMap { [$0.plural] + $0.shortNames } + ["events"])
        let hint = near.map { " (did you mean \"\($0)\"?)" } ?? ""
        throw Failure(description: "the server doesn't have a resource type \"\(word)\"\(hint)")
    }
}
