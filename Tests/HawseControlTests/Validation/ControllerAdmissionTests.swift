import HawseControl
import Testing

/// Workloads, autoscalers, ConfigMaps and Secrets, changed field by field.
@Suite struct ControllerAdmissionTests {
    static let deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          minReadySeconds: 1
          progressDeadlineSeconds: 60
          strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 1, maxUnavailable: 25%}}
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: main, image: "web:1"}]}
        """

    static let deployments = [
        AdmissionChange(deployment, "replicas: 2", "replicas: -1", "FieldValueInvalid spec.replicas"),
        AdmissionChange(deployment, "replicas: 2", "replicas: two", "BadRequest spec.replicas"),
        AdmissionChange(deployment, "minReadySeconds: 1", "minReadySeconds: -1", "FieldValueInvalid spec.minReadySeconds"),
        AdmissionChange(deployment, "minReadySeconds: 1", "revisionHistoryLimit: -1", "FieldValueInvalid spec.revisionHistoryLimit"),
        AdmissionChange(deployment, "progressDeadlineSeconds: 60", "progressDeadlineSeconds: 1",
            "FieldValueInvalid spec.progressDeadlineSeconds"),
        AdmissionChange(deployment, "type: RollingUpdate", "type: Rolling", "FieldValueNotSupported spec.strategy"),
        AdmissionChange(deployment, "type: RollingUpdate", "type: Recreate", "FieldValueForbidden spec.strategy.rollingUpdate"),
        AdmissionChange(deployment, "maxSurge: 1", "maxSurge: 1.5%", "FieldValueInvalid spec.strategy.rollingUpdate.maxSurge"),
        AdmissionChange(deployment, "maxSurge: 1", "maxSurge: -1", "FieldValueInvalid spec.strategy.rollingUpdate.maxSurge"),
        AdmissionChange(deployment, "maxUnavailable: 25%", "maxUnavailable: 101%",
            "FieldValueInvalid spec.strategy.rollingUpdate.maxUnavailable"),
        AdmissionChange(deployment, "{maxSurge: 1, maxUnavailable: 25%}", "{maxSurge: 0, maxUnavailable: 0%}",
            "FieldValueInvalid spec.strategy.rollingUpdate.maxUnavailable"),
        AdmissionChange(deployment, "  selector: {matchLabels: {app: web}}\n", "", "FieldValueRequired spec.selector",
            "FieldValueInvalid spec.template.metadata.labels"),
        AdmissionChange(deployment, "selector: {matchLabels: {app: web}}", "selector: {}", "FieldValueInvalid spec.selector"),
        AdmissionChange(deployment, "selector: {matchLabels: {app: web}}", "selector: {matchLabels: {app: x}}",
            "FieldValueInvalid spec.template.metadata.labels"),
        AdmissionChange(deployment, "{matchLabels: {app: web}}", "{matchExpressions: [{key: app, operator: In}]}",
            "FieldValueRequired spec.selector.matchExpressions[0].values", "FieldValueInvalid spec.selector"),
        AdmissionChange(deployment, "metadata: {labels: {app: web}}", "metadata: {labels: {app: web, b: '-'}}",
            "FieldValueInvalid spec.template.labels"),
        AdmissionChange(deployment, "spec: {containers", "spec: {restartPolicy: Never, containers",
            "FieldValueNotSupported spec.template.spec.restartPolicy"),
        AdmissionChange(deployment, "spec: {containers", "spec: {activeDeadlineSeconds: 5, containers",
            "FieldValueForbidden spec.template.spec.activeDeadlineSeconds"),
        AdmissionChange(deployment, "[{name: main, image: \"web:1\"}]", "[]", "FieldValueRequired spec.template.spec.containers"),
        AdmissionChange(deployment, "spec: {containers", "spec: {hostNetwork: true, containers"),
    ]

    static let set = """
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: db}
        spec:
          serviceName: db
          replicas: 3
          podManagementPolicy: Parallel
          updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 1}}
          selector: {matchLabels: {app: db}}
          volumeClaimTemplates: [{metadata: {name: data}}]
          template:
            metadata: {labels: {app: db}}
            spec: {containers: [{name: main, image: "db:1", volumeMounts: [{name: data, mountPath: /d}]}]}
        """

    static let daemon = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: agent}
        spec:
          updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1}}
          selector: {matchLabels: {app: agent}}
          template:
            metadata: {labels: {app: agent}}
            spec: {containers: [{name: main, image: "a:1"}]}
        """

    static let sets = [
        AdmissionChange(set, "{name: db}", "{name: db.one}", "FieldValueInvalid metadata.name"),
        AdmissionChange(set, "serviceName: db", "serviceName: DB", "FieldValueInvalid spec.serviceName"),
        AdmissionChange(set, "Policy: Parallel", "Policy: All", "FieldValueInvalid spec.podManagementPolicy"),
        AdmissionChange(set, "replicas: 3", "replicas: -3", "FieldValueInvalid spec.replicas"),
        AdmissionChange(set, "type: RollingUpdate", "type: Now", "FieldValueInvalid spec.updateStrategy"),
        AdmissionChange(set, "type: RollingUpdate", "type: OnDelete", "FieldValueInvalid spec.updateStrategy.rollingUpdate"),
        AdmissionChange(set, "partition: 1", "partition: -1", "FieldValueInvalid spec.updateStrategy.rollingUpdate.partition"),
        // Nobody looks at the containers of a StatefulSet before there are pods.
        AdmissionChange(set, "  volumeClaimTemplates: [{metadata: {name: data}}]\n", ""),
        AdmissionChange(daemon, "type: RollingUpdate", "type: Now", "FieldValueNotSupported spec.updateStrategy"),
        AdmissionChange(daemon, "maxUnavailable: 1", "maxUnavailable: 0",
            "FieldValueRequired spec.updateStrategy.rollingUpdate.maxUnavailable"),
        AdmissionChange(daemon, "maxUnavailable: 1", "maxUnavailable: 1, maxSurge: 1",
            "FieldValueInvalid spec.updateStrategy.rollingUpdate.maxSurge"),
        AdmissionChange(daemon, "  selector: {matchLabels: {app: agent}}\n", "", "FieldValueInvalid spec.template.metadata.labels"),
    ]

    static let job = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: once}
        spec:
          completions: 3
          parallelism: 2
          completionMode: Indexed
          template:
            spec: {restartPolicy: Never, containers: [{name: main, image: "j:1"}]}
        """

    static let cron = """
        apiVersion: batch/v1
        kind: CronJob
        metadata: {name: nightly}
        spec:
          schedule: "0 3 * * *"
          timeZone: Europe/Zurich
          concurrencyPolicy: Forbid
          jobTemplate:
            spec:
              template:
                spec: {restartPolicy: OnFailure, containers: [{name: main, image: "j:1"}]}
        """

    private static let jobPolicy = "spec.template.spec.restartPolicy"

    static let jobs = [
        AdmissionChange(job, "parallelism: 2", "parallelism: -2", "FieldValueInvalid spec.parallelism"),
        AdmissionChange(job, "parallelism: 2", "backoffLimit: -2", "FieldValueInvalid spec.backoffLimit"),
        AdmissionChange(job, "parallelism: 2", "ttlSecondsAfterFinished: -2", "FieldValueInvalid spec.ttlSecondsAfterFinished"),
        AdmissionChange(job, "completions: 3", "suspend: false", "FieldValueRequired spec.completions"),
        AdmissionChange(job, "completionMode: Indexed", "completionMode: Any", "FieldValueNotSupported spec.completionMode"),
        AdmissionChange(job, "completionMode: Indexed", "backoffLimitPerIndex: 1", "FieldValueInvalid spec.backoffLimitPerIndex"),
        AdmissionChange(job, "restartPolicy: Never, ", "", "FieldValueRequired \(jobPolicy)"),
        AdmissionChange(job, "restartPolicy: Never", "restartPolicy: Always", "FieldValueRequired \(jobPolicy)"),
        AdmissionChange(job, "restartPolicy: Never", "restartPolicy: X", "FieldValueNotSupported \(jobPolicy)"),
        AdmissionChange(cron, "\"0 3 * * *\"", "\"\"", "FieldValueRequired spec.schedule"),
        AdmissionChange(cron, "0 3 * * *", "61 3 * * *", "FieldValueInvalid spec.schedule"),
        AdmissionChange(cron, "0 3 * * *", "TZ=UTC 0 3 * * *", "FieldValueInvalid spec.schedule"),
        AdmissionChange(cron, "Europe/Zurich", "Europe/Nowhere", "FieldValueInvalid spec.timeZone"),
        AdmissionChange(cron, "Europe/Zurich", "Local", "FieldValueInvalid spec.timeZone"),
        AdmissionChange(cron, "Policy: Forbid", "Policy: Never", "FieldValueNotSupported spec.concurrencyPolicy"),
        AdmissionChange(cron, "concurrencyPolicy: Forbid", "startingDeadlineSeconds: -1",
            "FieldValueInvalid spec.startingDeadlineSeconds"),
        AdmissionChange(cron, "concurrencyPolicy: Forbid", "failedJobsHistoryLimit: -1",
            "FieldValueInvalid spec.failedJobsHistoryLimit"),
        AdmissionChange(cron, "name: nightly", "name: \(String(repeating: "n", count: 53))", "FieldValueInvalid metadata.name"),
        AdmissionChange(cron, "restartPolicy: OnFailure, ", "",
            "FieldValueRequired spec.jobTemplate.spec.template.spec.restartPolicy"),
    ]

    static let scaler = """
        apiVersion: autoscaling/v2
        kind: HorizontalPodAutoscaler
        metadata: {name: web}
        spec:
          scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
          minReplicas: 2
          maxReplicas: 5
          behavior: {scaleDown: {stabilizationWindowSeconds: 60, policies: [{type: Pods, value: 1, periodSeconds: 30}]}}
          metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
        """

    private static let goal = "spec.metrics[0].resource.target"
    private static let down = "spec.behavior.scaleDown"

    static let scalers = [
        AdmissionChange(scaler, "minReplicas: 2", "minReplicas: 0", "FieldValueInvalid spec.minReplicas"),
        AdmissionChange(scaler, "maxReplicas: 5", "maxReplicas: 1", "FieldValueInvalid spec.maxReplicas"),
        AdmissionChange(scaler, "maxReplicas: 5", "maxReplicas: 0", "FieldValueRequired spec.maxReplicas",
            "FieldValueInvalid spec.maxReplicas"),
        AdmissionChange(scaler, "apps/v1, ", "v1, ", "FieldValueInvalid spec.scaleTargetRef.apiVersion"),
        AdmissionChange(scaler, "apiVersion: apps/v1, ", "", "FieldValueInvalid spec.scaleTargetRef.apiVersion"),
        AdmissionChange(scaler, "apps/v1, ", "a/b/c, ", "FieldValueInvalid spec.scaleTargetRef.apiVersion"),
        AdmissionChange(scaler, "apps/v1, kind: Deployment", "v1, kind: ReplicationController"),
        AdmissionChange(
            scaler, "policies: [{type: Pods, value: 1, periodSeconds: 30}]", "policies: []",
            "FieldValueRequired spec.behavior.scaleDown.policies"),
        AdmissionChange(scaler, "Seconds: 60", "Seconds: 60, tolerance: -0.1", "FieldValueInvalid spec.behavior.scaleDown.tolerance"),
        AdmissionChange(scaler, "type: Resource, resource: {name: cpu,",
            "type: ContainerResource, containerResource: {name: disk, container: A,",
            "FieldValueInvalid spec.metrics[0].containerResource.name",
            "FieldValueInvalid spec.metrics[0].containerResource.container"),
        AdmissionChange(scaler, "kind: Deployment, name: web", "kind: Deployment", "FieldValueRequired spec.scaleTargetRef.name"),
        AdmissionChange(scaler, "name: web}\n  min", "name: a/b}\n  min", "FieldValueInvalid spec.scaleTargetRef.name"),
        AdmissionChange(scaler, "type: Resource,", "type: Cpu,", "FieldValueNotSupported spec.metrics[0].type"),
        AdmissionChange(scaler, "type: Resource,", "type: Pods,", "FieldValueRequired spec.metrics[0].pods"),
        AdmissionChange(scaler, "name: cpu, ", "", "FieldValueRequired spec.metrics[0].resource.name"),
        AdmissionChange(scaler, ", averageUtilization: 80", "", "FieldValueRequired \(goal).averageUtilization"),
        AdmissionChange(scaler, "averageUtilization: 80", "averageUtilization: 0", "FieldValueInvalid \(goal).averageUtilization"),
        AdmissionChange(scaler, "averageUtilization: 80", "averageUtilization: 80, averageValue: 1",
            "FieldValueForbidden \(goal).averageValue"),
        AdmissionChange(scaler, "type: Utilization", "type: Share", "FieldValueInvalid \(goal).type"),
        AdmissionChange(scaler, "Seconds: 60", "Seconds: 3601", "FieldValueInvalid \(down).stabilizationWindowSeconds"),
        AdmissionChange(scaler, "type: Pods", "type: Nodes", "FieldValueNotSupported \(down).policies[0].type"),
        AdmissionChange(scaler, "value: 1", "value: 0", "FieldValueInvalid \(down).policies[0].value"),
        AdmissionChange(scaler, "periodSeconds: 30", "periodSeconds: 1801", "FieldValueInvalid \(down).policies[0].periodSeconds"),
    ]

    static let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {a.b: x}\nbinaryData: {c: AAE=}\n"
    static let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\ntype: kubernetes.io/tls\n"
        + "data: {tls.crt: AAE=, tls.key: AAE=}\n"

    static let data = [
        AdmissionChange(map, "a.b", "'a b'", "FieldValueInvalid data[a b]"),
        AdmissionChange(map, "{c:", "{a.b:", "FieldValueInvalid data[a.b]"),
        AdmissionChange(map, "{c:", "{..c:", "FieldValueInvalid binaryData[..c]"),
        AdmissionChange(map, "a.b: x", "a.b: 1", "BadRequest data.a.b"),
        AdmissionChange(map, "AAE=", "'&&'", "BadRequest binaryData.c"),
        AdmissionChange(map, "name: conf", "name: -", "FieldValueInvalid metadata.name"),
        AdmissionChange(secret, ", tls.key: AAE=", "", "FieldValueRequired data[tls.key]"),
        AdmissionChange(secret, "tls.crt: AAE=", "tls.crt: AAE", "BadRequest data.tls.crt"),
        AdmissionChange(secret, "kubernetes.io/tls", "kubernetes.io/basic-auth", "FieldValueRequired data[username]",
            "FieldValueRequired data[password]"),
        AdmissionChange(secret, "kubernetes.io/tls", "kubernetes.io/service-account-token",
            "FieldValueRequired metadata.annotations[kubernetes.io/service-account.name]"),
    ]

    @Test(arguments: deployments + sets) func controllers(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: jobs) func jobsAndCronJobs(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: scalers) func autoscalers(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: data) func configMapsAndSecrets(change: AdmissionChange) { change.expectCauses() }
}
