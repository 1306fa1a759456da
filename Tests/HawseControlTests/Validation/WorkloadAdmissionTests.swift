import HawseControl
import Testing

/// One change to a good manifest, and the causes that `kube-apiserver` 1.36 names for it, by its validation rules.
struct AdmissionChange: Sendable, CustomTestStringConvertible {
    var base: String
    var text: String
    var by: String
    /// `FieldValueRequired spec.ports`; none: accepted.
    var causes: [String]

    init(_ base: String, _ text: String, _ by: String, _ causes: String...) {
        (self.base, self.text, self.by, self.causes) = (base, text, by, causes)
    }

    var testDescription: String { "\(text) -> \(by)" }

    func expectCauses() {
        #expect(base.contains(text), "nothing to change: \(text)")
        let changed = base.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: by)
        var loader = ManifestLoader(strict: true)
        loader.load(text: changed, file: "a.yaml")
        let found = ManifestAdmission.findings(loader).findings.map { "\($0.type) \($0.field)" }
        #expect(Set(found) == Set(causes), "\(changed)")
    }
}

@Suite struct WorkloadAdmissionTests {
    static let pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}, annotations: {a/b: c}}
        spec:
          restartPolicy: Always
          nodeName: node-a
          hostname: web
          terminationGracePeriodSeconds: 30
          volumes: [{name: data, emptyDir: {}}]
          tolerations: [{key: zone, operator: Exists, effect: NoSchedule}]
          initContainers: [{name: init, image: "busy:1"}]
          containers:
          - name: main
            image: "web:1"
            env: [{name: A, value: b}]
            ports: [{name: http, containerPort: 80}, {name: https, containerPort: 443}]
            volumeMounts: [{name: data, mountPath: /data}]
            resources: {requests: {cpu: 100m}, limits: {cpu: 200m}}
            readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}
            lifecycle: {preStop: {sleep: {seconds: 5}}}
        """

    private static let main = "spec.containers[0]"

    static let pods = [
        AdmissionChange(pod, "name: web,", "name: Web_1,", "FieldValueInvalid metadata.name"),
        AdmissionChange(pod, "app: web}", "app: 'a b'}", "FieldValueInvalid metadata.labels"),
        AdmissionChange(pod, "app: web}", "'a b': web}", "FieldValueInvalid metadata.labels"),
        AdmissionChange(pod, "a/b: c", "'/b': c", "FieldValueInvalid metadata.annotations"),
        AdmissionChange(pod, "restartPolicy: Always", "restartPolicy: Sometimes", "FieldValueNotSupported spec.restartPolicy"),
        AdmissionChange(pod, "restartPolicy: Always", "dnsPolicy: Cluster", "FieldValueNotSupported spec.dnsPolicy"),
        AdmissionChange(pod, "restartPolicy: Always", "dnsPolicy: None", "FieldValueRequired spec.dnsConfig"),
        AdmissionChange(
            pod, "restartPolicy: Always", "dnsConfig: {nameservers: [300.1.1.1]}",
            "FieldValueInvalid spec.dnsConfig.nameservers[0]"),
        AdmissionChange(pod, "nodeName: node-a", "nodeName: Node_A", "FieldValueInvalid spec.nodeName"),
        AdmissionChange(pod, "nodeName: node-a", "nodeSelector: {'a b': c}", "FieldValueInvalid spec.nodeSelector"),
        AdmissionChange(pod, "nodeName: node-a", "activeDeadlineSeconds: 0", "FieldValueInvalid spec.activeDeadlineSeconds"),
        AdmissionChange(pod, "hostname: web", "hostname: a.b", "FieldValueInvalid spec.hostname"),
        AdmissionChange(pod, "hostname: web", "subdomain: A", "FieldValueInvalid spec.subdomain"),
        AdmissionChange(
            pod, "hostname: web", "hostAliases: [{ip: x, hostnames: [A_]}]", "FieldValueInvalid spec.hostAliases[0].ip",
            "FieldValueInvalid spec.hostAliases[0].hostnames[0]"),
        AdmissionChange(pod, "{name: data, emptyDir: {}}", "{name: Data_, emptyDir: {}}", "FieldValueInvalid spec.volumes[0].name",
            "FieldValueNotFound \(main).volumeMounts[0].name"),
        AdmissionChange(
            pod, "emptyDir: {}", "emptyDir: {}, hostPath: {path: /x}", "FieldValueForbidden spec.volumes[0].hostPath",
            "FieldValueNotFound \(main).volumeMounts[0].name"),
        AdmissionChange(pod, "emptyDir: {}", "hostPath: {}", "FieldValueRequired spec.volumes[0].hostPath.path",
            "FieldValueNotFound \(main).volumeMounts[0].name"),
        AdmissionChange(
            pod, "{name: data, emptyDir: {}}", "{name: data}, {name: data}", "FieldValueDuplicate spec.volumes[1].name"),
        AdmissionChange(
            pod, "operator: Exists", "operator: Is", "FieldValueNotSupported spec.tolerations[0].operator"),
        AdmissionChange(
            pod, "operator: Exists", "operator: Exists, value: x", "FieldValueInvalid spec.tolerations[0].operator"),
        AdmissionChange(pod, "{key: zone, operator: Exists, effect: NoSchedule}", "{effect: NoSchedule}",
            "FieldValueInvalid spec.tolerations[0].operator"),
        AdmissionChange(pod, "effect: NoSchedule", "effect: Never", "FieldValueNotSupported spec.tolerations[0].effect"),
        AdmissionChange(
            pod, "effect: NoSchedule", "effect: NoSchedule, tolerationSeconds: 5",
            "FieldValueInvalid spec.tolerations[0].effect"),
        AdmissionChange(pod, "name: init,", "name: main,", "FieldValueDuplicate spec.initContainers[0].name"),
        AdmissionChange(pod, "name: init, image: \"busy:1\"", "name: init", "FieldValueRequired spec.initContainers[0].image"),
        AdmissionChange(
            pod, "image: \"busy:1\"", "image: \"busy:1\", readinessProbe: {tcpSocket: {port: 1}}",
            "FieldValueForbidden spec.initContainers[0].readinessProbe"),
        AdmissionChange(pod, "name: main", "name: Main", "FieldValueInvalid \(main).name"),
        AdmissionChange(pod, "- name: main\n    image: \"web:1\"", "- image: \"web:1\"", "FieldValueRequired \(main).name"),
        AdmissionChange(pod, "image: \"web:1\"", "image: \"\"", "FieldValueRequired \(main).image"),
        AdmissionChange(pod, "image: \"web:1\"", "image: \" web\"", "FieldValueInvalid \(main).image"),
        AdmissionChange(
            pod, "image: \"web:1\"", "image: w\n    imagePullPolicy: Ever", "FieldValueNotSupported \(main).imagePullPolicy"),
        AdmissionChange(pod, "{name: A, value: b}", "{value: b}", "FieldValueRequired \(main).env[0].name"),
        AdmissionChange(pod, "{name: A, value: b}", "{name: 'A=B', value: b}", "FieldValueInvalid \(main).env[0].name"),
        AdmissionChange(pod, "{name: A, value: b}", "{name: A, valueFrom: {}}", "FieldValueInvalid \(main).env[0].valueFrom"),
        AdmissionChange(
            pod, "value: b}", "valueFrom: {fieldRef: {fieldPath: spec.x}}}",
            "FieldValueInvalid \(main).env[0].valueFrom.fieldRef.fieldPath"),
        AdmissionChange(
            pod, "value: b}", "valueFrom: {fieldRef: {fieldPath: status.phase}}}",
            "FieldValueNotSupported \(main).env[0].valueFrom.fieldRef.fieldPath"),
        AdmissionChange(
            pod, "value: b}", "valueFrom: {secretKeyRef: {name: s}}}",
            "FieldValueRequired \(main).env[0].valueFrom.secretKeyRef.key"),
        AdmissionChange(pod, "containerPort: 80}", "containerPort: 65536}", "FieldValueInvalid \(main).ports[0].containerPort"),
        AdmissionChange(pod, "containerPort: 80}", "containerPort: 0}", "FieldValueRequired \(main).ports[0].containerPort"),
        AdmissionChange(
            pod, "containerPort: 80}", "containerPort: 80, hostPort: -1}", "FieldValueInvalid \(main).ports[0].hostPort"),
        AdmissionChange(
            pod, "containerPort: 80}", "containerPort: 80, protocol: ICMP}", "FieldValueNotSupported \(main).ports[0].protocol"),
        AdmissionChange(pod, "name: https", "name: http", "FieldValueDuplicate \(main).ports[1].name"),
        AdmissionChange(pod, "name: https", "name: a--b", "FieldValueInvalid \(main).ports[1].name"),
        AdmissionChange(pod, "name: https", "name: abcdefghijklmnop", "FieldValueInvalid \(main).ports[1].name"),
        AdmissionChange(
            pod, "[{name: http, containerPort: 80}, {name: https, containerPort: 443}]",
            "[{name: http, containerPort: 80, hostPort: 8}, {name: https, containerPort: 443, hostPort: 8}]",
            "FieldValueDuplicate \(main).ports[1].hostPort"),
        AdmissionChange(
            pod, "hostname: web", "hostNetwork: true\n  hostname: web"),
        AdmissionChange(pod, "mountPath: /data", "mountPath: ''", "FieldValueRequired \(main).volumeMounts[0].mountPath"),
        AdmissionChange(pod, "{name: data, mountPath", "{name: none, mountPath", "FieldValueNotFound \(main).volumeMounts[0].name"),
        AdmissionChange(pod, "requests: {cpu: 100m}", "requests: {cpu: '1'}", "FieldValueInvalid \(main).resources.requests"),
        AdmissionChange(pod, "limits: {cpu: 200m}", "limits: {cpu: '-1'}", "FieldValueInvalid \(main).resources.limits[cpu]",
            "FieldValueInvalid \(main).resources.requests"),
        AdmissionChange(pod, "port: http}", "port: 70000}", "FieldValueInvalid \(main).readinessProbe.httpGet.port"),
        AdmissionChange(pod, "port: http}", "port: ''}", "FieldValueInvalid \(main).readinessProbe.httpGet.port"),
        AdmissionChange(
            pod, "port: http}", "port: http, scheme: FTP}", "FieldValueNotSupported \(main).readinessProbe.httpGet.scheme"),
        AdmissionChange(
            pod, "port: http}", "port: http}, exec: {command: [a]}", "FieldValueForbidden \(main).readinessProbe.httpGet"),
        AdmissionChange(pod, "httpGet: {path: /, port: http}, ", "", "FieldValueRequired \(main).readinessProbe"),
        AdmissionChange(pod, "httpGet: {path: /, port: http}", "exec: {}", "FieldValueRequired \(main).readinessProbe.exec.command"),
        AdmissionChange(pod, "periodSeconds: 5", "periodSeconds: -5", "FieldValueInvalid \(main).readinessProbe.periodSeconds"),
        AdmissionChange(
            pod, "periodSeconds: 5", "terminationGracePeriodSeconds: 5",
            "FieldValueInvalid \(main).readinessProbe.terminationGracePeriodSeconds"),
        AdmissionChange(
            pod, "readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 5}",
            "livenessProbe: {tcpSocket: {port: 1}, successThreshold: 2}",
            "FieldValueInvalid \(main).livenessProbe.successThreshold"),
        AdmissionChange(pod, "seconds: 5}}", "seconds: 31}}", "FieldValueInvalid \(main).lifecycle.preStop.sleep"),
        AdmissionChange(pod, "preStop: {sleep: {seconds: 5}}", "preStop: {}", "FieldValueRequired \(main).lifecycle.preStop"),
    ]

    static let types = [
        AdmissionChange(pod, "containerPort: 80}", "containerPort: '80'}", "BadRequest \(main).ports[0].containerPort"),
        AdmissionChange(pod, "nodeName: node-a", "nodename: node-a", "BadRequest spec.nodename"),
        AdmissionChange(pod, "{name: A, value: b}", "{name: A, value: 1}", "BadRequest \(main).env[0].value"),
        AdmissionChange(pod, "{name: A, value: b}", "{name: A, vale: b}", "BadRequest \(main).env[0].vale"),
        AdmissionChange(pod, "volumes: [{name: data, emptyDir: {}}]", "volumes: {}", "BadRequest spec.volumes"),
        AdmissionChange(pod, "cpu: 100m", "cpu: x", "BadRequest \(main).resources.requests.cpu"),
        AdmissionChange(pod, "hostname: web", "hostNetwork: 'yes'", "BadRequest spec.hostNetwork"),
        AdmissionChange(pod, "restartPolicy: Always", "restartPolicy: 1", "BadRequest spec.restartPolicy"),
    ]

    /// A container's own policy, and rules by its exit code (ContainerRestartRules).
    static let restarts = [
        AdmissionChange(pod, "{name: init,", "{name: init, restartPolicy: Never,"),
        AdmissionChange(pod, "{name: init,", "{name: init, restartPolicy: Once,",
            "FieldValueNotSupported spec.initContainers[0].restartPolicy"),
        AdmissionChange(pod, "{name: init,", "{name: init, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [42]}}],",
            "FieldValueRequired spec.initContainers[0].restartPolicy"),
        AdmissionChange(pod, "{name: init,", "{name: init, restartPolicy: Never, restartPolicyRules: [{action: Stop}],",
            "FieldValueNotSupported spec.initContainers[0].restartPolicyRules[0].action",
            "FieldValueRequired spec.initContainers[0].restartPolicyRules[0].exitCodes"),
    ]

    static let node = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-z}
        spec: {podCIDRs: [10.244.7.0/24], taints: [{key: a/b, value: v, effect: NoSchedule}]}
        """

    /// Taints are looked for in the spec, and spoken of as the metadata's.
    static let nodes = [
        AdmissionChange(node, "name: node-z", "name: Node_Z", "FieldValueInvalid metadata.name"),
        AdmissionChange(node, "key: a/b", "key: a//b", "FieldValueInvalid metadata.taints[0].key"),
        AdmissionChange(node, "value: v", "value: v-", "FieldValueInvalid metadata.taints[0].value"),
        AdmissionChange(node, "effect: NoSchedule", "effect: Never", "FieldValueNotSupported metadata.taints[0].effect"),
        AdmissionChange(node, ", effect: NoSchedule", "", "FieldValueRequired metadata.taints[0].effect"),
        AdmissionChange(node, "[{key", "[{key: a/b, effect: NoSchedule}, {key", "FieldValueDuplicate metadata.taints[1]"),
        AdmissionChange(node, "[{key", "[{key: a/b, effect: NoExecute}, {key"),
        AdmissionChange(node, "10.244.7.0/24", "10.244.7.1/24", "FieldValueInvalid spec.podCIDRs[0]"),
        AdmissionChange(node, "10.244.7.0/24", "10.244.7.0/24, 10.244.8.0/24", "FieldValueInvalid spec.podCIDRs"),
        AdmissionChange(node, "10.244.7.0/24", "10.244.7.0/24, \"fd00:7::/64\""),
    ]

    /// The words come in the server's own order.
    @Test func whatIsKnownStandsInOrder() throws {
        for (change, list) in [
            ("restartPolicy: Sometimes", #""Always", "OnFailure", "Never""#),
            ("dnsPolicy: Cluster", #""ClusterFirstWithHostNet", "ClusterFirst", "Default", "None""#),
        ] {
            var loader = ManifestLoader(strict: true)
            loader.load(text: Self.pod.replacing("restartPolicy: Always", with: change), file: "a.yaml")
            let finding = try #require(ManifestAdmission.findings(loader).findings.first)
            #expect(finding.message.hasSuffix("supported values: \(list)"), "\(finding.message)")
        }
    }

    @Test(arguments: restarts + nodes) func restartsAndNodes(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: pods) func aPodsFields(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: types) func wrongTypes(change: AdmissionChange) { change.expectCauses() }

    @Test(arguments: [pod, ControllerAdmissionTests.deployment, ControllerAdmissionTests.set, ControllerAdmissionTests.daemon,
                      ControllerAdmissionTests.job, ControllerAdmissionTests.cron, ControllerAdmissionTests.scaler])
    func theManifestsAreGood(text: String) {
        var loader = ManifestLoader(strict: true)
        loader.load(text: text, file: "a.yaml")
        #expect(ManifestAdmission.findings(loader).findings.map { "\($0.type) \($0.field) \($0.message)" } == [])
    }
}
