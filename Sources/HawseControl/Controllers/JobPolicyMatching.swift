extension Kubernetes.PodFailurePolicy {
    enum Action: Sendable, Equatable {
        /// The whole Job fails, and why.
        case failJob(String)
        case failIndex
        case ignore
        case count

        /// An ignored failure is not counted towards any limit.
        var isCounted: Bool { self != .ignore }
    }

    /// What the first rule that fits says about a failed pod; without one it counts (`matchPodFailurePolicy`).
    func action(for pod: Kubernetes.Pod) -> Action {
        for (index, rule) in rules.enumerated() {
            let what: String
            if let codes = rule.onExitCodes {
                guard let (name, code) = codes.match(pod.status) else { continue }
                what = "Container \(name) for pod \(pod.key) failed with exit code \(code)"
            } else {
                let found = rule.onPodConditions.first { pattern in pod.condition(pattern.type)?.status == pattern.status }
                guard let found else { continue }
                what = "Pod \(pod.key) has condition \(found.type)"
            }
            switch rule.action {
            case "FailJob": return .failJob("\(what) matching \(rule.action) rule at index \(index)")
            case "FailIndex": return .failIndex
            case "Ignore": return .ignore
            case "Count": return .count
            default: continue
            }
        }
        return .count
    }
}

extension Kubernetes.PodFailureExitCodes {
    /// The first container that ended with a code that fits; one that ended well never does.
    func match(_ status: Kubernetes.PodStatus) -> (name: String, code: Int)? {
        for container in status.containerStatuses + status.initContainerStatuses {
            guard let ended = container.state.terminated, ended.exitCode != 0,
                containerName == nil || containerName == container.name
            else { continue }
            if values.contains(ended.exitCode) == (op == "In"), op == "In" || op == "NotIn" {
                return (container.name, ended.exitCode)
            }
        }
        return nil
    }
}

extension Kubernetes.SuccessPolicy {
    /// The message of the first rule that the succeeded indexes fulfil (`matchSuccessPolicy`).
    func match(_ succeeded: IndexIntervals, completions: Int) -> String? {
        guard !succeeded.isEmpty else { return nil }
        let met = rules.firstIndex { rule in
            guard let text = rule.succeededIndexes else { return rule.succeededCount.map { succeeded.count >= $0 } ?? false }
            let required = IndexIntervals(text, below: completions)
            return !required.isEmpty && required.count(in: succeeded) >= rule.succeededCount ?? required.count
        }
        return met.map { "Matched rules at index \($0)" }
    }
}
