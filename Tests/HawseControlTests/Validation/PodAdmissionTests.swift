import HawseControl
import Testing

/// Security contexts, volumes, environments and what of a stored object may be changed.
@Suite struct PodAdmissionTests {
    private static let pod = WorkloadAdmissionTests.pod
    private static let main = "spec.containers[0]"
    private static let own = "spec.containers[0].securityContext"
    private static let context = "spec.securityContext"

    /// The pod with a security context of its own.
    private static func secured(_ fields: String, _ causes: String...) -> AdmissionChange {
        var change = AdmissionChange(pod, "hostname: web", "securityContext: {\(fields)}")
        change.causes = causes
        return change
    }

    /// Its container with one.
    private static func contained(_ fields: String, _ causes: String...) -> AdmissionChange {
        var change = AdmissionChange(pod, "image: \"web:1\"", "image: w\n    securityContext: {\(fields)}")
        change.causes = causes
        return change
    }

    static let contexts = [
        secured("runAsNonRoot: true, runAsUser: 0"),
        secured("runAsUser: -1", "FieldValueInvalid \(context).runAsUser"),
        secured("fsGroup: 2147483648", "FieldValueInvalid \(context).fsGroup"),
        secured("supplementalGroups: [1, -3]", "FieldValueInvalid \(context).supplementalGroups[1]"),
        secured("fsGroupChangePolicy: Never", "FieldValueNotSupported \(context).fsGroupChangePolicy"),
        secured("supplementalGroupsPolicy: Add", "FieldValueNotSupported \(context).supplementalGroupsPolicy"),
        secured("seLinuxChangePolicy: Mount", "FieldValueNotSupported \(context).seLinuxChangePolicy"),
        secured("seccompProfile: {}", "FieldValueRequired \(context).seccompProfile.type"),
        secured("seccompProfile: {type: Strict}", "FieldValueNotSupported \(context).seccompProfile.type"),
        secured("seccompProfile: {type: Localhost}", "FieldValueRequired \(context).seccompProfile.localhostProfile"),
        secured("seccompProfile: {type: Localhost, localhostProfile: /a}",
            "FieldValueInvalid \(context).seccompProfile.localhostProfile"),
        secured("seccompProfile: {type: Localhost, localhostProfile: a/../b}",
            "FieldValueInvalid \(context).seccompProfile.localhostProfile"),
        secured("seccompProfile: {type: Unconfined, localhostProfile: a}",
            "FieldValueInvalid \(context).seccompProfile.localhostProfile"),
        secured("appArmorProfile: {type: Localhost}", "FieldValueRequired \(context).appArmorProfile.localhostProfile"),
        secured("appArmorProfile: {type: Localhost, localhostProfile: ' a'}",
            "FieldValueInvalid \(context).appArmorProfile.localhostProfile"),
        secured("appArmorProfile: {type: RuntimeDefault, localhostProfile: a}",
            "FieldValueInvalid \(context).appArmorProfile.localhostProfile"),
        secured("appArmorProfile: {type: Strict}", "FieldValueNotSupported \(context).appArmorProfile.type"),
        secured("appArmorProfile: {}", "FieldValueRequired \(context).appArmorProfile.type"),
        secured("appArmorProfile: {profile: a}", "BadRequest \(context).appArmorProfile.profile"),
        secured("sysctls: [{name: net.core.somaxconn, value: '1'}, {name: kernel/shm_rmid_forced, value: '1'}]"),
        secured("sysctls: [{value: '1'}]", "FieldValueRequired \(context).sysctls[0].name"),
        secured("sysctls: [{name: Net.core, value: '1'}]", "FieldValueInvalid \(context).sysctls[0].name"),
        secured("sysctls: [{name: a.b, value: '1'}, {name: a.b, value: '2'}]",
            "FieldValueDuplicate \(context).sysctls[1].name"),
        AdmissionChange(pod, "hostname: web",
            "hostNetwork: true\n  securityContext: {sysctls: [{name: net.ipv4.ip_forward, value: '1'}]}",
            "FieldValueInvalid \(context).sysctls[0].name"),
        AdmissionChange(pod, "hostname: web", "hostPID: true\n  shareProcessNamespace: true",
            "FieldValueInvalid \(context).shareProcessNamespace"),
        AdmissionChange(pod, "hostname: web", "hostUsers: false\n  hostPID: true", "FieldValueForbidden spec.HostPID"),
        secured("windowsOptions: {hostProcess: true}", "FieldValueInvalid spec.hostNetwork"),
        contained("capabilities: {add: [NET_ADMIN], drop: [ALL]}, readOnlyRootFilesystem: true"),
        contained("runAsGroup: -1", "FieldValueInvalid \(own).runAsGroup"),
        contained("procMount: All", "FieldValueNotSupported \(own).procMount"),
        contained("procMount: Unmasked", "FieldValueInvalid \(own).procMount"),
        contained("privileged: true, allowPrivilegeEscalation: false", "FieldValueInvalid \(own)"),
        contained("capabilities: {add: [CAP_SYS_ADMIN]}, allowPrivilegeEscalation: false", "FieldValueInvalid \(own)"),
        contained("windowsOptions: {runAsUserName: ''}", "FieldValueInvalid \(own).windowsOptions.runAsUserName"),
        contained("seccompProfile: {type: None}", "FieldValueNotSupported \(own).seccompProfile.type"),
        contained("privilege: true", "BadRequest \(own).privilege"),
    ]

    private static let volume = "spec.volumes[0]"

    private static func volume(_ source: String, _ causes: String...) -> AdmissionChange {
        var change = AdmissionChange(pod, "emptyDir: {}", source)
        // A volume that something is wrong with cannot be mounted.
        let isWrong = causes.contains { $0.contains(" \(volume).") && !$0.hasPrefix("BadRequest") || $0.hasSuffix(volume) }
        change.causes = causes + (isWrong ? ["FieldValueNotFound \(main).volumeMounts[0].name"] : [])
        return change
    }

    static let volumes = [
        volume("emptyDir: {sizeLimit: -1}", "FieldValueForbidden \(volume).emptyDir.sizeLimit"),
        volume("hostPath: {path: /a/../b}", "FieldValueInvalid \(volume).hostPath.path"),
        volume("hostPath: {path: /a, type: Folder}", "FieldValueNotSupported \(volume).hostPath.type"),
        volume("secret: {}", "FieldValueRequired \(volume).secret.secretName"),
        volume("secret: {secretName: a, defaultMode: 512}", "FieldValueInvalid \(volume).secret.defaultMode"),
        volume("configMap: {name: a, items: [{key: a}]}", "FieldValueRequired \(volume).configMap.items[0].path"),
        volume("configMap: {name: a, items: [{path: /a}]}", "FieldValueRequired \(volume).configMap.items[0].key",
            "FieldValueInvalid \(volume).configMap.items[0].path"),
        volume("configMap: {name: a, items: [{key: a, path: ..a}]}", "FieldValueInvalid \(volume).configMap.items[0].path"),
        volume("persistentVolumeClaim: {}", "FieldValueRequired \(volume).persistentVolumeClaim.claimName"),
        volume("nfs: {server: a, path: b}", "FieldValueInvalid \(volume).nfs.path"),
        volume("downwardAPI: {items: [{path: a}]}", "FieldValueRequired \(volume).downwardAPI"),
        volume("downwardAPI: {items: [{path: a, fieldRef: {fieldPath: status.podIP}}]}",
            "FieldValueNotSupported \(volume).downwardAPI.fieldRef.fieldPath"),
        volume("projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 60}}]}",
            "FieldValueInvalid \(volume).projected.sources[0].serviceAccountToken.expirationSeconds"),
        volume("projected: {sources: [{secret: {name: a}, configMap: {name: b}}]}",
            "FieldValueForbidden \(volume).projected.sources[0]"),
        volume("configmap: {name: a}", "BadRequest \(volume).configmap"),
        AdmissionChange(pod, "mountPath: /data", "mountPath: /data, mountPropagation: Both",
            "FieldValueNotSupported \(main).volumeMounts.mountPropagation"),
        AdmissionChange(pod, "mountPath: /data", "mountPath: /data, mountPropagation: Bidirectional",
            "FieldValueForbidden \(main).volumeMounts.mountPropagation"),
        AdmissionChange(pod, "mountPath: /data", "mountPath: /data, recursiveReadOnly: Enabled",
            "FieldValueForbidden \(main).volumeMounts.recursiveReadOnly"),
        AdmissionChange(pod, "mountPath: /data}", "mountPath: /data}, {name: data, mountPath: /data}",
            "FieldValueInvalid \(main).volumeMounts[1].mountPath"),
        AdmissionChange(pod, "env: [", "volumeDevices: [{name: data, devicePath: /dev/x}]\n    env: [",
            "FieldValueInvalid \(main).volumeDevices[0].name", "FieldValueInvalid \(main).volumeMounts[0].name"),
        AdmissionChange(pod, "value: b}", "valueFrom: {fieldRef: {fieldPath: \"metadata.labels['a b']\"}}}",
            "FieldValueInvalid \(main).env[0].valueFrom.fieldRef"),
        AdmissionChange(pod, "value: b}", "valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 2m}}}",
            "FieldValueInvalid \(main).env[0].valueFrom.resourceFieldRef.divisor"),
        AdmissionChange(pod, "limits: {cpu: 200m}", "limits: {cpu: 200m, hugepages-2Mi: 4Mi}"),
        AdmissionChange(pod, "{requests: {cpu: 100m}, limits: {cpu: 200m}}", "{limits: {hugepages-2Mi: 4Mi}}",
            "FieldValueForbidden \(main).resources"),
        AdmissionChange(pod, "requests: {cpu: 100m}", "requests: {example.com/gpu: 1}",
            "FieldValueRequired \(main).resources.limits"),
        AdmissionChange(pod, "requests: {cpu: 100m}", "requests: {gpu: 1}",
            "FieldValueInvalid \(main).resources.requests[gpu]"),
        AdmissionChange(pod, "hostname: web", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "
            + "DoNotSchedule}, {maxSkew: 2, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]",
            "FieldValueDuplicate spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}"),
        AdmissionChange(pod, "hostname: web", "topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: "
            + "DoNotSchedule, matchLabelKeys: [app]}]",
            "FieldValueForbidden spec.topologySpreadConstraints[0].matchLabelKeys"),
        AdmissionChange(pod, "hostname: web", "ephemeralContainers: [{name: debug, image: b}]",
            "FieldValueForbidden spec.ephemeralContainers"),
        AdmissionChange(pod, "hostname: web", "schedulingGates: [{name: a/b}]", "FieldValueForbidden spec.nodeName"),
    ]

    // MARK: Jobs

    private static let job = ControllerAdmissionTests.job

    private static func policy(_ rules: String, _ causes: String...) -> AdmissionChange {
        var change = AdmissionChange(job, "parallelism: 2", "podFailurePolicy: {rules: [\(rules)]}")
        change.causes = causes
        return change
    }

    private static func success(_ rules: String, _ causes: String...) -> AdmissionChange {
        var change = AdmissionChange(job, "parallelism: 2", "successPolicy: {rules: [\(rules)]}")
        change.causes = causes
        return change
    }

    private static let rule = "spec.podFailurePolicy.rules[0]"

    static let jobs = [
        policy("{action: FailJob, onExitCodes: {operator: In, values: [1, 3]}}"),
        policy("{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}"),
        policy("{onPodConditions: [{type: DisruptionTarget}]}", "FieldValueRequired \(rule).action"),
        policy("{action: Fail, onPodConditions: [{type: DisruptionTarget}]}", "FieldValueNotSupported \(rule).action"),
        policy("{action: FailIndex, onPodConditions: [{type: DisruptionTarget}]}", "FieldValueInvalid \(rule).action"),
        policy("{action: Count}", "FieldValueInvalid \(rule)"),
        policy("{action: Count, onExitCodes: {operator: In, values: [1]}, onPodConditions: [{type: A}]}",
            "FieldValueInvalid \(rule)"),
        policy("{action: Count, onPodConditions: [{type: 'a b', status: Maybe}]}",
            "FieldValueInvalid \(rule).onPodConditions[0].type", "FieldValueNotSupported \(rule).onPodConditions[0].status"),
        policy("{action: Count, onExitCodes: {operator: In, values: []}}", "FieldValueInvalid \(rule).onExitCodes.values"),
        policy("{action: Count, onExitCodes: {operator: In, values: [0]}}", "FieldValueInvalid \(rule).onExitCodes.values[0]"),
        policy("{action: Count, onExitCodes: {operator: NotIn, values: [0]}}"),
        policy("{action: Count, onExitCodes: {operator: In, values: [2, 1]}}", "FieldValueInvalid \(rule).onExitCodes.values"),
        policy("{action: Count, onExitCodes: {operator: In, values: [1, 1]}}",
            "FieldValueDuplicate \(rule).onExitCodes.values[1]"),
        policy("{action: Count, onExitCodes: {operator: Is, values: [1]}}", "FieldValueNotSupported \(rule).onExitCodes.operator"),
        policy("{action: Count, onExitCodes: {containerName: other, operator: In, values: [1]}}",
            "FieldValueInvalid \(rule).onExitCodes.containerName"),
        success("{succeededIndexes: '0-2', succeededCount: 2}"),
        success("", "FieldValueRequired spec.successPolicy.rules"),
        success("{}", "FieldValueRequired spec.successPolicy.rules[0]"),
        success("{succeededIndexes: '2,1'}", "FieldValueInvalid spec.successPolicy.rules[0].succeededIndexes"),
        success("{succeededIndexes: '1-3'}", "FieldValueInvalid spec.successPolicy.rules[0].succeededIndexes"),
        success("{succeededIndexes: 'a'}", "FieldValueInvalid spec.successPolicy.rules[0].succeededIndexes"),
        success("{succeededCount: 4}", "FieldValueInvalid spec.successPolicy.rules[0].succeededCount"),
        success("{succeededIndexes: '0', succeededCount: 2}", "FieldValueInvalid spec.successPolicy.rules[0].succeededCount"),
        AdmissionChange(job, "parallelism: 2", "podReplacementPolicy: Never", "FieldValueNotSupported spec.podReplacementPolicy"),
        AdmissionChange(job, "parallelism: 2", "maxFailedIndexes: 2", "FieldValueRequired spec.backoffLimitPerIndex"),
        AdmissionChange(job, "parallelism: 2", "maxFailedIndexes: 4\n  backoffLimitPerIndex: 1",
            "FieldValueInvalid spec.maxFailedIndexes"),
        AdmissionChange(job, "parallelism: 2", "parallelism: 100001", "FieldValueInvalid spec.parallelism"),
        AdmissionChange(job, "parallelism: 2", "managedBy: other", "FieldValueInvalid spec.managedBy"),
        AdmissionChange(job, "parallelism: 2", "selector: {matchLabels: {a: b}}", "FieldValueInvalid spec.selector",
            "FieldValueInvalid spec.template.metadata.labels"),
        AdmissionChange(job, "name: once", "name: \(String(repeating: "n", count: 62))", "FieldValueInvalid metadata.name"),
        AdmissionChange(ControllerAdmissionTests.cron, "Europe/Zurich", "Europe/../UTC", "FieldValueInvalid spec.timeZone"),
        AdmissionChange(ControllerAdmissionTests.cron, "    spec:\n      template:",
            "    spec:\n      selector: {matchLabels: {a: b}}\n      template:", "FieldValueInvalid spec.jobTemplate.spec.selector"),
    ]

    // MARK: Changes of what is stored

    /// A second manifest for the same object is an apply over the first.
    private static func update(_ base: String, _ text: String, _ by: String, _ causes: String...) -> AdmissionChange {
        let second = base.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: by)
        var change = AdmissionChange(base + "\n---\n@@", "@@", second)
        change.causes = causes
        return change
    }

    private static let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\nimmutable: true\ndata: {a: x}\n"

    static let updates = [
        update(pod, "image: \"web:1\"", "image: \"web:2\""),
        update(pod, "app: web}", "app: other}"),
        update(pod, "containerPort: 80}", "containerPort: 81}", "FieldValueForbidden spec"),
        update(pod, "hostname: web", "hostname: other", "FieldValueForbidden spec"),
        update(pod, "hostname: web", "hostname: web\n  activeDeadlineSeconds: 60"),
        update(pod, "{key: zone, operator: Exists, effect: NoSchedule}",
            "{key: zone, operator: Exists, effect: NoSchedule}, {key: more, operator: Exists}"),
        update(pod, "{key: zone, operator: Exists, effect: NoSchedule}", "{key: more, operator: Exists}",
            "FieldValueForbidden spec.tolerations"),
        update(pod, "initContainers: [{name: init, image: \"busy:1\"}]", "initContainers: []",
            "FieldValueForbidden spec.initContainers"),
        update(job, "parallelism: 2", "parallelism: 1"),
        update(job, "completions: 3", "completions: 4", "FieldValueInvalid spec.completions"),
        update(job, "completions: 3\n  parallelism: 2", "completions: 4\n  parallelism: 4"),
        update(job, "parallelism: 2", "parallelism: 2\n  backoffLimitPerIndex: 1",
            "FieldValueInvalid spec.backoffLimitPerIndex"),
        update(job, "j:1", "j:2", "FieldValueInvalid spec.template"),
        update(ControllerAdmissionTests.deployment, "selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}",
            "selector: {matchLabels: {app: x}}\n  template:\n    metadata: {labels: {app: x}}", "FieldValueInvalid spec.selector"),
        update(ControllerAdmissionTests.set, "serviceName: db", "serviceName: other", "FieldValueForbidden spec"),
        update(map, "a: x", "a: y", "FieldValueForbidden data"),
        update(map, "immutable: true", "immutable: false", "FieldValueForbidden immutable"),
        update(ControllerAdmissionTests.secret, "type: kubernetes.io/tls", "type: Opaque", "FieldValueInvalid type"),
    ]

    @Test(arguments: contexts) func securityContexts(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: volumes) func volumesAndTheRest(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: jobs) func policiesOfJobs(change: AdmissionChange) { change.expectCauses() }
    @Test(arguments: updates) func changesOfStoredObjects(change: AdmissionChange) { change.expectCauses() }
}
