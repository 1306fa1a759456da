extension Kubernetes {
    public struct CronJob: KubernetesObject {
        public static let apiVersion = "batch/v1"
        public static let kind = "CronJob"
        public static let plural = "cronjobs"
        public static let shortNames = ["cj"]

        public var metadata = ObjectMeta()
        public var spec = CronJobSpec()
        public var status = CronJobStatus()

        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
            map("status", &status)
        }
    }

    public struct CronJobSpec: FieldMap {
        public var schedule = ""
        public var timeZone: String?
        public var startingDeadlineSeconds: Int64?
        /// `Allow`, `Forbid` or `Replace`.
        public var concurrencyPolicy = ""
        public var suspend: Bool?
        public var jobTemplate = JobTemplate()
        public var successfulJobsHistoryLimit: Int?
        public var failedJobsHistoryLimit: Int?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("concurrencyPolicy", &concurrencyPolicy)
            map("failedJobsHistoryLimit", &failedJobsHistoryLimit)
            map("jobTemplate", &jobTemplate)
            map.always("schedule", &schedule)
            map("startingDeadlineSeconds", &startingDeadlineSeconds)
            map("successfulJobsHistoryLimit", &successfulJobsHistoryLimit)
            map("suspend", &suspend)
            map("timeZone", &timeZone)
        }
    }

    public struct JobTemplate: FieldMap {
        public var metadata = ObjectMeta()
        public var spec = JobSpec()
        public static var goType: String { "JobTemplateSpec" }
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("metadata", &metadata)
            map("spec", &spec)
        }
    }

    public struct CronJobStatus: FieldMap {
        public var active: [ObjectReference] = []
        public var lastScheduleTime: Time?
        public var lastSuccessfulTime: Time?
        public init() {}
        public mutating func fields<M: FieldMapper>(_ map: inout M) {
            map("active", &active)
            map("lastScheduleTime", &lastScheduleTime)
            map("lastSuccessfulTime", &lastSuccessfulTime)
        }
    }
}
