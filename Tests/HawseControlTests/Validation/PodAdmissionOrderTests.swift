import HawseControl
import Testing

/// What the API server says about a pod in its own words and order: the rules of `ValidatePodSpec` and what it calls.
@Suite struct PodAdmissionOrderTests {
    struct Row: Sendable, CustomTestStringConvertible {
        /// The pod's spec without its containers, and what stands in its one container.
        var spec: String
        var container: String
        /// `spec.hostname: Invalid value: …`, each up to where it ends here.
        var findings: [String]

        init(_ spec: String, container: String = "image: i", _ findings: String...) {
            (self.spec, self.container, self.findings) = (spec, container, findings)
        }
        var testDescription: String { spec.isEmpty ? container : spec }
    }

    static let volumes = [
        Row("volumes: [{name: a, nfs: {}}, {name: a, emptyDir: {}}, {name: a, hostPath: {}}]",
            "spec.volumes[0].nfs.server: Required value", "spec.volumes[0].nfs.path: Required value",
            "spec.volumes[0].nfs.path: Invalid value: \"\": must be an absolute path",
            "spec.volumes[2].hostPath.path: Required value", "spec.volumes[2].name: Duplicate value: \"a\""),
        Row("volumes: [{name: A, gcePersistentDisk: {partition: 300}, cephfs: {monitors: [m]}, downwardAPI: {}}]",
            "spec.volumes[0].persistentDisk.pdName: Required value",
            "spec.volumes[0].persistentDisk.partition: Invalid value: 300: must be between 1 and 255, inclusive",
            "spec.volumes[0].cephFS: Forbidden: may not specify more than 1 volume type",
            "spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type",
            "spec.volumes[0].name: Invalid value: \"A\": a lowercase RFC 1123 label"),
        Row("volumes: [{name: a, iscsi: {targetPortal: p, iqn: iqn.2001-04.x, lun: 256, chapAuthSession: true}}]",
            "spec.volumes[0].iscsi.iqn: Invalid value: \"iqn.2001-04.x\": must be valid format",
            "spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive",
            "spec.volumes[0].iscsi.secretRef: Required value"),
        Row("volumes: [{name: a, iscsi: {targetPortal: p, iqn: 'iqn.2001-04.com.example:storage.disk1', lun: 0}}]"),
        Row("volumes: [{name: a, fc: {targetWWNs: [x], wwids: [y]}}]",
            "spec.volumes[0].fc.targetWWNs: Invalid value: [\"x\"]: targetWWNs and wwids can not be specified simultaneously",
            "spec.volumes[0].fc.lun: Required value: lun is required if targetWWNs is specified"),
        Row("volumes: [{name: a, csi: {driver: A_b, nodePublishSecretRef: {}}}]",
            "spec.volumes[0].csi.driver: Invalid value: \"A_b\": a lowercase RFC 1123 subdomain",
            "spec.volumes[0].csi.nodePublishSecretRef.name: Required value"),
        Row("volumes: [{name: e, ephemeral: {volumeClaimTemplate: {}}}, {name: c, persistentVolumeClaim: {claimName: p-e}}]",
            "spec.volumes[1].persistentVolumeClaim.claimName: Invalid value: \"p-e\": must not reference a PVC that gets created"),
        Row("volumes: [{name: a, downwardAPI: {items: [{path: '../x', resourceFieldRef: {resource: limits.cpu, divisor: 2m}}]}}]",
            "spec.volumes[0].downwardAPI.path: Invalid value: \"../x\": must not contain '..'",
            "spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value",
            "spec.volumes[0].downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1"),
        Row("volumes: [{name: a, projected: {sources: [{secret: {items: [{key: k, path: p}]}, configMap: {name: c, items: "
            + "[{key: k, path: p}]}}, {serviceAccountToken: {expirationSeconds: 599, path: /t}}]}}]",
            "spec.volumes[0].projected.sources[0].secret.name: Required value",
            "spec.volumes[0].projected: Invalid value: \"c\": conflicting duplicate paths",
            "spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source",
            "spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify",
            "spec.volumes[0].projected.path: Invalid value: \"/t\": must be a relative path"),
        Row("volumes: [{name: a, azureDisk: {diskName: d, diskURI: x, kind: Managed}}, {name: b, image: {}}]",
            "spec.volumes[0].azureDisk.diskURI: Unsupported value: \"x\": supported values: \"/subscriptions/{sub-id}/",
            "spec.volumes[1].image.reference: Required value"),
        Row("volumes: [{name: a, emptyDir: {}}]",
            container: "image: i, volumeMounts: [{name: a, mountPath: /x, subPath: /s, subPathExpr: ../e}], volumeDevices: "
                + "[{name: a, devicePath: /x/../y}]",
            "spec.containers[0].volumeMounts[0].name: Invalid value: \"a\": must not already exist in volumeDevices",
            "spec.containers[0].volumeMounts.subPath: Invalid value: \"/s\": must be a relative path",
            "spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: \"../e\": subPathExpr and subPath are mutually",
            "spec.containers[0].volumeMounts.subPathExpr: Invalid value: \"../e\": must not contain '..'",
            "spec.containers[0].volumeDevices[0].name: Invalid value: \"a\": can only use volume source type of Persist",
            "spec.containers[0].volumeDevices[0].devicePath: Invalid value: \"/x/../y\": can not contain backsteps ('..')",
            "spec.containers[0].volumeDevices[0].name: Invalid value: \"a\": must not already exist in volumeMounts"),
    ]

    static let containers = [
        Row("", container: "image: i, env: [{name: 'a=b', valueFrom: {fileKeyRef: {key: k, volumeName: v, path: ../p}}}], envFrom: "
            + "[{prefix: 'x='}, {configMapRef: {}, secretRef: {name: A}}]",
            "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of",
            "spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: \"../p\": must not contain '..'",
            "spec.containers[0].envFrom[0].prefix: Invalid value: \"x=\"",
            "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`",
            "spec.containers[0].envFrom[1].configMapRef.name: Required value",
            "spec.containers[0].envFrom[1].secretRef.name: Invalid value: \"A\"",
            "spec.containers[0].envFrom: Invalid value: \"\": may not have more than one field specified at a time",
            "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: \"v\""),
        Row("volumes: [{name: v, secret: {secretName: s}}]",
            container: "image: i, env: [{name: A, valueFrom: {fileKeyRef: {key: k, volumeName: v, path: p}}}]",
            "spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Invalid value: \"v\": referenced volume must be of type"),
        Row("", container: "image: i, env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: \"spec.x['a']\"}}}]",
            "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.x['a']\": error converting fieldPath: "
                + "field label does not support subscript: spec.x['a']",
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty"),
        Row("restartPolicy: Never", container: "image: i, resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}, "
            + "{resourceName: disk, restartPolicy: NotRequired}]",
            "spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy`",
            "spec.containers[0].resizePolicy: Unsupported value: \"disk\": supported values: \"cpu\", \"memory\""),
        Row("", container: "image: i, resources: {requests: {cpu: '2', example.com/a: '1'}, limits: {cpu: 1500m, memory: -1Mi}, "
            + "claims: [{name: gpu}]}",
            "spec.containers[0].resources.limits[memory]: Invalid value: \"-1Mi\": must be greater than or equal to 0",
            "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1500m",
            "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources",
            "spec.containers[0].resources.requests[memory]: Invalid value: \"-1Mi\": must be greater than or equal to 0",
            "spec.containers[0].resources.claims[0]: Not found: \"gpu\": must be one of the names in pod.spec.resourceClaims "
                + "which is empty"),
        Row("", container: "image: i, resources: {limits: {cpu: '1', hugepages-2Mi: 3Mi}}",
            "spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: \"3Mi\": 3Mi is not positive integer multiple of",
            "spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: \"3Mi\""),
        Row("", container: "image: i, securityContext: {privileged: true, allowPrivilegeEscalation: false, runAsUser: -1}",
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
            "spec.containers[0].securityContext: Invalid value: {\"Capabilities\":null,\"Privileged\":true,\"SELinuxOptions\":null,"
                + "\"WindowsOptions\":null,\"RunAsUser\":-1,"),
        Row("", container: "image: i, readinessProbe: {tcpSocket: {port: x--y}, terminationGracePeriodSeconds: 0}, "
            + "livenessProbe: {exec: {command: [a]}, grpc: {port: 70000}, successThreshold: 2}, lifecycle: {preStop: {sleep: "
            + "{seconds: 31}}}, restartPolicyRules: [{action: Stop}]",
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than termination",
            "spec.containers[0].livenessProbe.grpc: Forbidden: may not specify more than 1 handler type",
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
            "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: \"x--y\": must not contain consecutive hyphens",
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must not be set for readiness",
            "spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
            "spec.containers[0].restartPolicyRules[0].action: Unsupported value: \"Stop\"",
            "spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be specified"),
        // A hook's request is completed as a probe's is.
        Row("", container: "image: i, lifecycle: {postStart: {httpGet: {port: 80}}}"),
        Row("initContainers: [{name: a, image: i, ports: [{containerPort: 1, hostPort: 8}, {containerPort: 2, hostPort: 8}], "
            + "resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]}, {name: a, image: i, startupProbe: "
            + "{exec: {command: [a]}}}]",
            "spec.initContainers[0].ports[1].hostPort: Duplicate value: \"TCP//8\"",
            "spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must not be set to",
            "spec.initContainers[1].name: Duplicate value: \"a\"",
            "spec.initContainers[1].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always"),
        Row("ephemeralContainers: [{name: main, image: i, targetContainerName: x, ports: [{containerPort: 1}], lifecycle: {}}]",
            "spec.ephemeralContainers[0].name: Duplicate value: \"main\"",
            "spec.ephemeralContainers[0].targetContainerName: Not found: \"x\"",
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
            "spec.ephemeralContainers[0].lifecycle: Forbidden: cannot be set for an Ephemeral Container",
            "spec.ephemeralContainers: Forbidden: cannot be set on create"),
    ]

    static let specs = [
        Row("resourceClaims: [{name: a, resourceClaimName: x, resourceClaimTemplateName: y}, {name: a}]",
            "spec.resourceClaims[0]: Invalid value: {\"Name\":\"a\",\"ResourceClaimName\":\"x\",\"ResourceClaimTemplateName\":\"y\"}: "
                + "at most one of",
            "spec.resourceClaims[1].name: Duplicate value: \"a\"",
            "spec.resourceClaims[1]: Invalid value: {\"Name\":\"a\",\"ResourceClaimName\":null,"),
        Row("resources: {requests: {cpu: 100m}, limits: {memory: 1Gi, example.com/a: '1'}}",
            container: "image: i, resources: {requests: {cpu: 200m}, limits: {memory: 2Gi}}",
            "spec.resources.limits[example.com/a]: Unsupported value: \"example.com/a\": supported values: \"cpu\", \"hugepages-\", "
                + "\"memory\"",
            "spec.resources.requests: Invalid value: \"2Gi\": must be less than or equal to memory limit of 1Gi",
            "spec.resources.requests[cpu]: Invalid value: \"100m\": must be greater than or equal to aggregate container requests "
                + "of 200m",
            "spec.resources.containers[0][memory].limits: Invalid value: \"2Gi\": must be less than or equal to pod limits of 1Gi"),
        // What a pod does not ask for as a whole it asks for as its containers do together.
        Row("resources: {limits: {cpu: '1'}}", container: "image: i, resources: {requests: {cpu: 200m, memory: 1Gi}}"),
        Row("hostUsers: false, hostNetwork: true, hostPID: true", "spec.hostNetwork: Forbidden: when `hostUsers` is false",
            "spec.HostPID: Forbidden: when `hostUsers` is false"),
        Row("hostnameOverride: A, setHostnameAsFQDN: true",
            "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
            "spec.hostnameOverride: Invalid value: \"A\""),
        Row("imagePullSecrets: [{}]"),
        Row("dnsConfig: {searches: [_a.b_c., '.', A], options: [{}]}",
            "spec.dnsConfig.searches[2]: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case "
                + "alphanumeric characters, '_', '-'",
            "spec.dnsConfig.options[0]: Required value: must not be empty"),
        Row("affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 0, preference: {matchExpressions: "
            + "[{key: a, operator: In, values: ['-']}]}}]}, podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: "
            + "[{topologyKey: '', namespaces: [A], labelSelector: {matchLabels: {app: w}}, matchLabelKeys: [app], "
            + "mismatchLabelKeys: [app]}]}}",
            "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].namespace: Invalid value: \"A\"",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid value: \"app\": exists in "
                + "both matchLabelKeys and labelSelector",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0][0]: Invalid value: \"app\": exists in "
                + "both matchLabelKeys and labelSelector",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys[0]: Invalid value: "
                + "\"app\": exists in both matchLabelKeys and mismatchLabelKeys",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name",
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: \"\": name"),
        Row("topologySpreadConstraints: [{maxSkew: 0, topologyKey: '', whenUnsatisfiable: Never, minDomains: 0, "
            + "labelSelector: {matchLabels: {app: w}}, matchLabelKeys: [app], nodeTaintsPolicy: Never}]",
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty",
            "spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"Never\"",
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero",
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: can only use minDomains if",
            "spec.topologySpreadConstraints[0].nodeTaintsPolicy: Unsupported value: \"Never\"",
            "spec.topologySpreadConstraints[0][0]: Invalid value: \"app\": exists in both matchLabelKeys and labelSelector"),
        Row("os: {name: linux}, securityContext: {windowsOptions: {runAsUserName: 'a\\b\\c'}}",
            "spec.securityContext.windowsOptions.runAsUserName: Invalid value: \"a\\\\b\\\\c\": runAsUserName cannot contain more",
            "spec.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod"),
        Row("os: {name: windows}, hostPID: true, resources: {}, securityContext: {runAsUser: 1, sysctls: [{name: a, value: b}]}",
            container: "image: i, securityContext: {capabilities: {}}",
            "spec.resources: Forbidden: may not be set for a windows pod",
            "spec.hostPID: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.sysctls: Forbidden: cannot be set for a windows pod",
            "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
            "spec.containers[0].securityContext.capabilities: Forbidden: cannot be set for a windows pod"),
        Row("os: {name: plan9}", "spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\""),
        Row("securityContext: {windowsOptions: {hostProcess: true}}",
            container: "image: i, securityContext: {windowsOptions: {hostProcess: false}}",
            "spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be"),
        Row("overhead: {cpu: -1m}", "spec.overhead.limits[cpu]: Invalid value: \"-1m\": must be greater than or equal to 0"),
        Row("securityContext: {seccompProfile: {type: Unconfined, localhostProfile: a}, fsGroup: -1, sysctls: [{name: A}]}",
            "spec.securityContext.fsGroup: Invalid value: -1",
            "spec.securityContext.sysctls[0].name: Invalid value: \"A\": must have at most 253 characters and match regex",
            "spec.securityContext.seccompProfile.localhostProfile: Invalid value: {\"Type\":\"Unconfined\",\"LocalhostProfile\":\"a\"}"),
    ]

    @Test(arguments: volumes + containers + specs)
    func errorsComeInOrder(row: Row) {
        let text = """
            apiVersion: v1
            kind: Pod
            metadata: {name: p, namespace: default, labels: {app: w}}
            spec: {containers: [{name: main, \(row.container)}]\(row.spec.isEmpty ? "" : ", \(row.spec)")}
            """
        var loader = ManifestLoader()
        loader.load(text: text, file: "pod")
        #expect(loader.diagnostics.map(\.description) == [])
        guard var pod = loader.known.first as? Kubernetes.Pod else {
            Issue.record("no pod")
            return
        }
        pod.applyDefaults()
        let found = Validation.check(pod).map(\.description)
        #expect(found.count == row.findings.count, "\(found)")
        for (text, wanted) in zip(found, row.findings) { #expect(text.hasPrefix(wanted)) }
    }

    // MARK: Metadata

    static let metadata: [(String, [String])] = [
        ("ownerReferences: [{apiVersion: a/b/c, kind: K, name: n, uid: u}, {apiVersion: v1, kind: '', name: '', uid: ''}]", [
            "metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty",
            "metadata.ownerReferences.kind: Invalid value: \"K\": must not be empty",
            "metadata.ownerReferences.kind: Invalid value: \"\": must not be empty",
            "metadata.ownerReferences.name: Invalid value: \"\": must not be empty",
            "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
        ]),
        ("ownerReferences: [{apiVersion: v1, kind: A, name: a, uid: u, controller: true}, "
            + "{apiVersion: v1, kind: B, name: b, uid: u, controller: true}]", ["metadata.ownerReferences: Invalid value: [{"]),
        ("finalizers: [orphan, foregroundDeletion, own]", [
            "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\",\"own\"]: finalizer orphan and foreground",
            "metadata.finalizers[2]: Invalid value: \"own\": name is neither a standard finalizer name nor is it fully qualified",
        ]),
        ("annotations: {controller.kubernetes.io/pod-deletion-cost: '+1', kubernetes.io/config.mirror: x}", [
            "metadata.annotations[kubernetes.io/config.mirror]: Invalid value: \"x\": must set spec.nodeName if mirror pod",
            "metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: \"+1\": must be a 32bit integer",
        ]),
        ("annotations: {container.apparmor.security.beta.kubernetes.io/x: y}", [
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: \"x\": container not found",
            "metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: \"y\": invalid AppArmor",
        ]),
    ]

    @Test(arguments: metadata)
    func errorsOfMetadata(fields: String, findings: [String]) {
        var loader = ManifestLoader()
        loader.load(
            text: "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: d, \(fields)}\nspec: {containers: [{name: a, image: i}]}",
            file: "pod")
        guard var pod = loader.known.first as? Kubernetes.Pod else {
            Issue.record("no pod")
            return
        }
        pod.applyDefaults()
        let found = Validation.check(pod).map(\.description)
        #expect(found.count == findings.count, "\(found)")
        for (text, wanted) in zip(found, findings) { #expect(text.hasPrefix(wanted)) }
    }

    // MARK: Quantities

    @Test(arguments: [
        ("0.5", "500m"), ("1000", "1k"), ("1024", "1024"), ("1024Mi", "1Gi"), ("1500Mi", "1500Mi"), ("0.5Gi", "512Mi"),
        ("1023Ki", "1023Ki"), ("512", "512"), ("0", "0"), ("1e3", "1e3"), ("1500m", "1500m"), ("2000m", "2"), ("-1Mi", "-1Mi"),
        ("0.035", "35m"), ("1.1", "1100m"), ("0.1Ki", "102400m"), ("1E", "1E"), ("12e6", "12e6"),
    ])
    func quantitiesComeBackInTheirShortestForm(given: String, shown: String) {
        #expect(Kubernetes.Quantity(given)?.text == shown)
    }
}
