/// What a pod's annotations say about how it behaves when simulated. Each may start with `hawse/` or `lab/`:
///
/// - `ready: "false"`: its containers run and never become ready
/// - `phase: Pending | Succeeded | Failed`: it stays without an address, or ends at once
/// - `hold: "true"`: once deleted, it never ends
/// - `ip: a, b`: its addresses
/// - `start-seconds: n`: from binding to the first container's start, `stop-seconds: n`: from SIGTERM to the exit
/// - `run-seconds: n`: its containers end by themselves after so long, with `exit-code: n`
public struct PodScript: Sendable {
    public var isReady = true
    /// What the annotation says, where there is one.
    public var saidReady: Bool?
    public var phase: String?
    public var isHeld = false
    public var addresses: [String] = []
    public var runSeconds: Double?
    public var exitCode = 0
    public var startSeconds: Double?
    public var stopSeconds: Double?

    static let prefixes = ["hawse/", "lab/"]

    public init(_ pod: Kubernetes.Pod) {
        guard !pod.metadata.annotations.isEmpty else { return }
        func value(_ name: String) -> String? {
            Self.prefixes.lazy.compactMap { pod.metadata.annotations[$0 + name] }.first
        }
        saidReady = value("ready").map { $0 != "false" }
        isReady = saidReady ?? true
        phase = value("phase")
        isHeld = value("hold") == "true"
        addresses = value("ip")?.split(separator: ",").map { String($0.drop { $0 == " " }) } ?? []
        func seconds(_ name: String) -> Double? {
            value(name).flatMap(Double.init).flatMap { $0 >= 0 && $0 < 1e9 ? $0 : nil }
        }
        runSeconds = seconds("run-seconds")
        startSeconds = seconds("start-seconds")
        stopSeconds = seconds("stop-seconds")
        exitCode = value("exit-code").flatMap { Int($0) } ?? 0
    }
}
