import HawseModel

/// steps.json: changes of configuration midway through a case.
public struct CaseStep: Hashable, Sendable {
    /// Frames injected before this step.
    public var afterPacket: Int
    public var ipvsadm: [String]
    /// Sorted by name.
    public var sysctls: [String: String]
    /// Arguments of `ip`.
    public var ip: [String]
    /// The expectation files `*.N` were read right after this step.
    public var snapshot: Int?
    /// Seconds after the case's beginning, in timed cases.
    public var at: Double?

    public static func load(_ path: String) throws(FormatError) -> [CaseStep] {
        var steps: [CaseStep] = []
        for item in try JSONFile.list(path: path) {
            guard let after = item.integer("after_packet") else {
                throw item.error("a step needs `after_packet'")
            }
            steps.append(
                CaseStep(
                    afterPacket: after, ipvsadm: item.list("ipvsadm"),
                    sysctls: Dictionary(uniqueKeysWithValues: item.strings(in: "sysctls")),
                    ip: item.list("ip"),
                    snapshot: item.integer("snapshot"), at: item.number("at")))
        }
        return steps
    }
}

/// One line of states.jsonl: when connections were observed. Their contents stay with the comparison.
public struct CaseObservation: Hashable, Sendable {
    public var afterPacket: Int
    public var at: Double?

    public static func load(_ path: String) throws(FormatError) -> [CaseObservation] {
        var observations: [CaseObservation] = []
        for item in try JSONFile.list(path: path) {
            guard let after = item.integer("after_packet") else {
                throw item.error("an observation needs `after_packet'")
            }
            observations.append(CaseObservation(afterPacket: after, at: item.number("at")))
        }
        return observations
    }
}
