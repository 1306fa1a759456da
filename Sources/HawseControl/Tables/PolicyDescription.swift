/// `kubectl describe` of priority classes and disruption budgets.
enum PolicyDescription {
    /// False for a kind that is not of these.
    static func write(_ object: any KubernetesObject, _ writer: inout DescriptionWriter) -> Bool {
        switch object {
        case let priority as Kubernetes.PriorityClass:
            writer.line("Name", priority.metadata.name)
            writer.line("Value", String(priority.value))
            writer.line("GlobalDefault", String(priority.globalDefault))
            writer.line("PreemptionPolicy", priority.preemptionPolicy ?? "PreemptLowerPriority")
            writer.line("Description", priority.text)
            writer.line("Annotations", ResourceColumns.labels(priority.metadata.annotations))
        case let budget as Kubernetes.PodDisruptionBudget:
            writer.line("Name", budget.metadata.name)
            writer.line("Namespace", budget.metadata.namespace)
            if let least = budget.spec.minAvailable {
                writer.line("Min available", least.description)
            } else if let most = budget.spec.maxUnavailable {
                writer.line("Max unavailable", most.description)
            }
            writer.line("Selector", budget.spec.selector.map { ResourceColumns.selector($0) } ?? "<unset>")
            writer.heading("Status")
            writer.line("Allowed disruptions", String(budget.status.disruptionsAllowed), 2)
            writer.line("Current", String(budget.status.currentHealthy), 2)
            writer.line("Desired", String(budget.status.desiredHealthy), 2)
            writer.line("Total", String(budget.status.expectedPods), 2)
        default: return false
        }
        return true
    }
}
