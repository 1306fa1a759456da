import HawseControl
import Testing

/// What the status subresources take: a manifest that has a status and no spec.
@Suite struct StatusWriteTests {
    private static func service(_ type: String) -> String {
        "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {type: \(type), ports: [{port: 80}]}"
    }

    private static func status(_ kind: String, _ version: String, _ status: String) -> String {
        "apiVersion: \(version)\nkind: \(kind)\nmetadata: {name: web}\nstatus: {\(status)}"
    }

    private static func balancer(_ entries: String) -> String {
        status("Service", "v1", "loadBalancer: {ingress: [\(entries)]}")
    }

    private static let place = "status.loadBalancer.ingress[0]"
    private static let label = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
        + "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    static let services = [
        AdmissionUpdate(service("LoadBalancer"), then: balancer("{ip: 192.0.2.1}, {hostname: a.example.com}")),
        AdmissionUpdate(service("LoadBalancer"), then: balancer("{ip: 192.0.2.01}"),
            "\(place).ip: Invalid value: \"192.0.2.01\": must not have leading 0s"),
        AdmissionUpdate(service("LoadBalancer"), then: balancer("{ip: 192.0.2.1, ipMode: Direct}"),
            "\(place).ipMode: Unsupported value: \"Direct\": supported values: \"Proxy\", \"VIP\""),
        AdmissionUpdate(service("LoadBalancer"), then: balancer("{hostname: a.example.com, ipMode: Proxy}"),
            "\(place).ipMode: Forbidden: may not be specified when `ip` is not set"),
        AdmissionUpdate(service("LoadBalancer"), then: balancer("{hostname: 192.0.2.1}"),
            "\(place).hostname: Invalid value: \"192.0.2.1\": must be a DNS name, not an IP address"),
        AdmissionUpdate(service("LoadBalancer"), then: balancer("{hostname: A}"), "\(place).hostname: Invalid value: \"A\": \(label)"),
        AdmissionUpdate(service("NodePort"), then: balancer("{ip: 192.0.2.1}"),
            "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"),
        AdmissionUpdate(service("NodePort"), then: balancer("")),
    ]

    static let ingress = """
        apiVersion: networking.k8s.io/v1
        kind: Ingress
        metadata: {name: web}
        spec: {defaultBackend: {service: {name: a, port: {number: 80}}}}
        """

    static let ingresses = [
        AdmissionUpdate(ingress, then: status("Ingress", "networking.k8s.io/v1", "loadBalancer: {ingress: [{ip: 192.0.2.1}]}")),
        AdmissionUpdate(ingress, then: status("Ingress", "networking.k8s.io/v1", "loadBalancer: {ingress: [{ip: x}]}"),
            "\(place).ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
    ]

    private static let above = "cannot be greater than status.replicas"

    static let workloads = [
        AdmissionUpdate(ControllerAdmissionTests.deployment,
            then: status("Deployment", "apps/v1", "replicas: 1, readyReplicas: 2, availableReplicas: 3, unavailableReplicas: -1"),
            "status.unavailableReplicas: Invalid value: -1: must be greater than or equal to 0",
            "status.readyReplicas: Invalid value: 2: \(above)", "status.availableReplicas: Invalid value: 3: \(above)",
            "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas"),
        AdmissionUpdate(ControllerAdmissionTests.set.replacing("name: db}", with: "name: web}"),
            then: status("StatefulSet", "apps/v1", "replicas: 1, currentReplicas: 2, availableReplicas: 1"),
            "status.currentReplicas: Invalid value: 2: \(above)",
            "status.availableReplicas: Invalid value: 1: cannot be greater than status.readyReplicas"),
        AdmissionUpdate(ControllerAdmissionTests.daemon.replacing("{name: agent}", with: "{name: web}"),
            then: status("DaemonSet", "apps/v1", "numberReady: -1, collisionCount: -1"),
            "status.numberReady: Invalid value: -1: must be greater than or equal to 0",
            "status.collisionCount: Invalid value: -1: must be greater than or equal to 0"),
    ]

    private static let job = ControllerAdmissionTests.job.replacing("name: once", with: "name: web")

    static let jobs = [
        AdmissionUpdate(job, then: status("Job", "batch/v1", "active: 2, ready: 2, completedIndexes: '0'")),
        AdmissionUpdate(job, then: status("Job", "batch/v1", "active: 1, ready: 2, completedIndexes: '0,7', failedIndexes: '1'"),
            "status.completedIndexes: Invalid value: \"0,7\": error parsing completedIndexes: too large index: \"7\"",
            "status.failedIndexes: Invalid value: \"1\": cannot set non-null failedIndexes when backoffLimitPerIndex is null",
            "status.ready: Invalid value: 2: cannot set more ready pods than active"),
        AdmissionUpdate(job,
            then: status("Job", "batch/v1", "active: 1, conditions: [{type: Complete, status: 'True'}]"),
            "status.completionTime: Required value: completionTime is required for Complete jobs",
            "status.conditions: Invalid value: cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
            "status.active: Invalid value: 1: active>0 is invalid for finished job",
            "status.startTime: Required value: startTime is required for finished job"),
    ]

    @Test(arguments: services + ingresses + workloads + jobs) func statuses(update: AdmissionUpdate) { update.expectMessages() }
}
