import HawseModel

/// A field selector as text: `status.phase=Running,spec.nodeName!=node-a` (`fields.ParseSelector`).
public struct FieldQuery: Sendable, Hashable {
    private struct Requirement: Hashable {
        var path: [String]
        var value: String
        var isEqual: Bool
    }

    private var requirements: [Requirement] = []

    public static let everything = FieldQuery()
    private init() {}

    public init(_ text: String) throws(ResourceQuery.Failure) {
        for term in text.split(separator: ",") {
            let plain = String(term)
            guard let mark = ["!=", "==", "="].first(where: plain.contains) else {
                throw ResourceQuery.Failure(description: "invalid selector: '\(text)'; can't understand '\(plain)'")
            }
            let parts = plain.split(separator: mark, maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, !parts[0].isEmpty else {
                throw ResourceQuery.Failure(description: "invalid selector: '\(text)'; can't understand '\(plain)'")
            }
            let path = parts[0].split(separator: ".").map(String.init)
            requirements.append(Requirement(path: path, value: parts[1], isEqual: mark != "!="))
        }
    }

    /// Fields that the API server lets ask for beside name and namespace.
    private static let known: [String: Set<String>] = [
        "Pod": [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.nominatedNodeName",
        ],
        "Node": ["spec.unschedulable"], "Namespace": ["status.phase"], "Secret": ["type"],
        "Event": [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid", "involvedObject.apiVersion",
            "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason", "reportingComponent", "type",
        ],
        "Service": ["spec.clusterIP", "spec.type"], "ReplicaSet": ["status.replicas"],
        "ReplicationController": ["status.replicas"], "Job": ["status.successful"], "IPAddress": ["spec.parentRef.name"],
    ]

    /// The first field that objects of a kind cannot be selected by.
    func unsupported(_ kind: String) -> String? {
        requirements.map { $0.path.joined(separator: ".") }.first {
            $0 != "metadata.name" && $0 != "metadata.namespace" && Self.known[kind]?.contains($0) != true
        }
    }

    func matches(_ manifest: ManifestNode) -> Bool {
        requirements.allSatisfy { requirement in
            let found = requirement.path.reduce(Optional(manifest)) { $0?[$1] }
            let text = found.map { JSONPath.written($0) } ?? ""
            // An absent flag is false.
            let isSame = text == requirement.value || text.isEmpty && requirement.value == "false"
            return isSame == requirement.isEqual
        }
    }
}
