import HawseModel

/// Something that happens to a cluster at a moment of a scenario.
public enum ScenarioAction: Sendable {
    case apply([LoadedObject])
    case delete(kind: String, ObjectKey)
    case scale(kind: String, ObjectKey, replicas: Int)
    case patch(kind: String, ObjectKey, ManifestNode)
    case rollBack(ObjectKey, revision: Int)
    /// A pod's process hangs: it answers neither clients nor probes.
    case fail(ObjectKey)
    case recover(ObjectKey)
    /// A pod's containers exit; the kubelet restarts them.
    case crash(ObjectKey)
    case cordon(String)
    case uncordon(String)
    case drain(String)
    case stopNode(String)
    case startNode(String)
    case apiServer(isReachable: Bool)
    case metrics(ObjectKey, ScenarioMetrics)
    /// Nothing: a moment to look at.
    case observe
}

public struct ScenarioStep: Sendable {
    /// Seconds from the scenario's start.
    public var at: Double
    public var label: String
    public var action: ScenarioAction
    public var mark: SourceMark
}

/// Timed steps over a cluster.
///
///     steps:
///     - at: 10s
///       scale: {deployment: web, replicas: 1}
///     - at: 1m30s
///       drain: node-b
public struct Scenario: Sendable {
    public var file: String
    /// In the order of time; steps of one moment in the order of the file.
    public var steps: [ScenarioStep]

    public init(file: String, steps: [ScenarioStep]) {
        self.file = file
        self.steps = steps
    }
}
