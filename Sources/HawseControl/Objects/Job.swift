import HawseModel

extension Kubernetes {
    public struct Job: KubernetesObject {
        public static let apiVersion = "batch/v1"
        public static let kind = "Job"
        public static let plural = "jobs"

        public var metadata = ObjectMeta()
        public var spec = JobSpec()
        public var status = JobStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct JobSpec: FieldMap {
        public var parallelism: Int?
        public var completions: Int?
        public var backoffLimit: Int?
        public var backoffLimitPerIndex: Int?
        public var maxFailedIndexes: Int?
        public var activeDeadlineSeconds: Int64?
        public var ttlSecondsAfterFinished: Int?
        /// `NonIndexed` or `Indexed`.
        public var completionMode: String?
        public var suspend: Bool?
        public var manualSelector: Bool?
        public var selector: LabelSelector?
        public var template = PodTemplate()
        public var podReplacementPolicy: String?
        public var podFailurePolicy: PodFailurePolicy?
        public var successPolicy: SuccessPolicy?
        public var managedBy: String?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("activeDeadlineSeconds", &activeDeadlineSeconds)
            map("backoffLimit", &backoffLimit)
            map("backoffLimitPerIndex", &backoffLimitPerIndex)
            map("completionMode", &completionMode)
            map("completions", &completions)
            map("managedBy", &managedBy)
            map("manualSelector", &manualSelector)
            map("maxFailedIndexes", &maxFailedIndexes)
            map("parallelism", &parallelism)
            map("podFailurePolicy", &podFailurePolicy)
            map("podReplacementPolicy", &podReplacementPolicy)
            map("selector", &selector)
            map("successPolicy", &successPolicy)
            map("suspend", &suspend)
            map("template", &template)
            map("ttlSecondsAfterFinished", &ttlSecondsAfterFinished)
        }
    }

    public struct JobStatus: FieldMap {
        public var conditions: [Condition] = []
        public var startTime: Time?
        public var completionTime: Time?
        public var active = 0
        public var succeeded = 0
        public var failed = 0
        public var terminating: Int?
        public var ready: Int?
        public var completedIndexes = ""
        public var failedIndexes: String?
        public var uncountedTerminatedPods: ManifestNode?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("active", &active)
            map("completedIndexes", &completedIndexes)
            map("completionTime", &completionTime)
            map("conditions", &conditions)
            map("failed", &failed)
            map("failedIndexes", &failedIndexes)
            map("ready", &ready)
            map("startTime", &startTime)
            map("succeeded", &succeeded)
            map("terminating", &terminating)
            map("uncountedTerminatedPods", &uncountedTerminatedPods)
        }
    }
}
