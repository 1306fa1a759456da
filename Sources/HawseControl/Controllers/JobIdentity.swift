/// The labels and the selector that tie a Job to its pods (`jobStrategy.PrepareForCreate`).
enum JobIdentity {
    static let index = "batch.kubernetes.io/job-completion-index"
    static let finalizer = "batch.kubernetes.io/job-tracking"
    static let failureCount = "batch.kubernetes.io/job-index-failure-count"
    static let ignoredFailureCount = "batch.kubernetes.io/job-index-ignored-failure-count"
    /// What `managedBy` names when it is this controller.
    static let controller = "kubernetes.io/job-controller"

    static func label(_ job: inout Kubernetes.Job) {
        guard job.spec.manualSelector != true else { return }
        let uid = job.metadata.uid
        let labels = [
            "controller-uid": uid, "job-name": job.metadata.name, "batch.kubernetes.io/controller-uid": uid,
            "batch.kubernetes.io/job-name": job.metadata.name,
        ]
        // A label that says something else stays, for the validation to refuse.
        job.spec.template.metadata.labels.merge(labels) { own, _ in own }
        var selector = job.spec.selector ?? Kubernetes.LabelSelector()
        if selector.matchLabels["batch.kubernetes.io/controller-uid"] == nil {
            selector.matchLabels["batch.kubernetes.io/controller-uid"] = uid
        }
        job.spec.selector = selector
        // A Job without labels of its own takes its template's.
        if job.metadata.labels.isEmpty { job.metadata.labels = job.spec.template.metadata.labels }
    }
}
