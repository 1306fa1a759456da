/// Shapes of the fields of pods and containers that change nothing on the wire and are kept as they came.
enum PodShapes {
    private static func fields(_ name: String, _ fields: [String: FieldShape]) -> FieldShape { .fields(name, fields) }

    private static func key(_ name: String) -> FieldShape {
        fields(name, ["name": .string, "key": .string, "optional": .bool])
    }

    private static func source(_ name: String) -> FieldShape { fields(name, ["name": .string, "optional": .bool]) }

    private static let fieldReference = fields("ObjectFieldSelector", ["apiVersion": .string, "fieldPath": .string])
    private static let resourceReference = fields(
        "ResourceFieldSelector", ["containerName": .string, "divisor": .quantity, "resource": .string])

    static let env = FieldShape.list(
        fields("EnvVar", ["name": .string, "value": .string, "valueFrom": fields("EnvVarSource", [
            "configMapKeyRef": key("ConfigMapKeySelector"), "secretKeyRef": key("SecretKeySelector"),
            "fieldRef": fieldReference, "resourceFieldRef": resourceReference,
            "fileKeyRef": fields(
                "FileKeySelector", ["key": .string, "optional": .bool, "path": .string, "volumeName": .string]),
        ])]))

    static let envFrom = FieldShape.list(
        fields("EnvFromSource", [
            "configMapRef": source("ConfigMapEnvSource"), "prefix": .string, "secretRef": source("SecretEnvSource"),
        ]))

    private static let volumeMounts = FieldShape.list(
        fields("VolumeMount", [
            "mountPath": .string, "mountPropagation": .string, "name": .string, "readOnly": .bool,
            "recursiveReadOnly": .string, "subPath": .string, "subPathExpr": .string,
        ]))

    private static let appArmor = fields("AppArmorProfile", ["localhostProfile": .string, "type": .string])
    private static let seccomp = fields("SeccompProfile", ["localhostProfile": .string, "type": .string])
    private static let seLinux = fields(
        "SELinuxOptions", ["level": .string, "role": .string, "type": .string, "user": .string])
    private static let windows = fields("WindowsSecurityContextOptions", [
        "gmsaCredentialSpec": .string, "gmsaCredentialSpecName": .string, "hostProcess": .bool, "runAsUserName": .string,
    ])

    private static let securityContext = fields("SecurityContext", [
        "allowPrivilegeEscalation": .bool, "appArmorProfile": appArmor,
        "capabilities": fields("Capabilities", ["add": .list(.string), "drop": .list(.string)]), "privileged": .bool,
        "procMount": .string, "readOnlyRootFilesystem": .bool, "runAsGroup": .int64, "runAsNonRoot": .bool,
        "runAsUser": .int64, "seLinuxOptions": seLinux, "seccompProfile": seccomp, "windowsOptions": windows,
    ])

    private static let podSecurityContext = fields("PodSecurityContext", [
        "appArmorProfile": appArmor, "fsGroup": .int64, "fsGroupChangePolicy": .string, "runAsGroup": .int64,
        "runAsNonRoot": .bool, "runAsUser": .int64, "seLinuxChangePolicy": .string, "seLinuxOptions": seLinux,
        "seccompProfile": seccomp, "supplementalGroups": .list(.int64), "supplementalGroupsPolicy": .string,
        "sysctls": .list(fields("Sysctl", ["name": .string, "value": .string])), "windowsOptions": windows,
    ])

    /// Where a volume's content may come from.
    static let volumeSources = [
        "awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi", "downwardAPI", "emptyDir",
        "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image",
        "iscsi", "nfs", "persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd",
        "scaleIO", "secret", "storageos", "vsphereVolume",
    ]

    private static let volumes: FieldShape = {
        var known = Dictionary(uniqueKeysWithValues: volumeSources.map { ($0, FieldShape.any) })
        let downward = FieldShape.list(fields("DownwardAPIVolumeFile", [
            "fieldRef": fieldReference, "mode": .int32, "path": .string, "resourceFieldRef": resourceReference,
        ]))
        let items = FieldShape.list(fields("KeyToPath", ["key": .string, "mode": .int32, "path": .string]))
        known["name"] = .string
        known["emptyDir"] = fields("EmptyDirVolumeSource", ["medium": .string, "sizeLimit": .quantity])
        known["hostPath"] = fields("HostPathVolumeSource", ["path": .string, "type": .string])
        known["configMap"] = fields(
            "ConfigMapVolumeSource", ["defaultMode": .int32, "items": items, "name": .string, "optional": .bool])
        known["secret"] = fields(
            "SecretVolumeSource", ["defaultMode": .int32, "items": items, "optional": .bool, "secretName": .string])
        known["nfs"] = fields("NFSVolumeSource", ["path": .string, "readOnly": .bool, "server": .string])
        known["downwardAPI"] = fields("DownwardAPIVolumeSource", ["defaultMode": .int32, "items": downward])
        known["projected"] = fields("ProjectedVolumeSource", [
            "defaultMode": .int32,
            "sources": .list(fields("VolumeProjection", [
                "clusterTrustBundle": .any, "podCertificate": .any,
                "configMap": fields("ConfigMapProjection", ["items": items, "name": .string, "optional": .bool]),
                "downwardAPI": fields("DownwardAPIProjection", ["items": downward]),
                "secret": fields("SecretProjection", ["items": items, "name": .string, "optional": .bool]),
                "serviceAccountToken": fields(
                    "ServiceAccountTokenProjection", ["audience": .string, "expirationSeconds": .int64, "path": .string]),
            ])),
        ])
        known["persistentVolumeClaim"] = fields(
            "PersistentVolumeClaimVolumeSource", ["claimName": .string, "readOnly": .bool])
        return .list(fields("Volume", known))
    }()

    static let container: [String: FieldShape] = [
        "env": env, "envFrom": envFrom, "volumeMounts": volumeMounts, "securityContext": securityContext, "stdin": .bool,
        "stdinOnce": .bool, "targetContainerName": .string, "tty": .bool, "workingDir": .string,
        "volumeDevices": .list(fields("VolumeDevice", ["devicePath": .string, "name": .string])),
        "resizePolicy": .list(fields("ContainerResizePolicy", ["resourceName": .string, "restartPolicy": .string])),
    ]

    static let pod: [String: FieldShape] = [
        "automountServiceAccountToken": .bool, "hostIPC": .bool, "hostPID": .bool, "hostUsers": .bool,
        "hostnameOverride": .string, "imagePullSecrets": .list(fields("LocalObjectReference", ["name": .string])),
        "os": fields("PodOS", ["name": .string]), "runtimeClassName": .string, "securityContext": podSecurityContext,
        "serviceAccount": .string, "serviceAccountName": .string, "shareProcessNamespace": .bool, "volumes": volumes,
    ]

    static let dnsConfig = fields("PodDNSConfig", [
        "nameservers": .list(.string), "searches": .list(.string),
        "options": .list(fields("PodDNSConfigOption", ["name": .string, "value": .string])),
    ])
}
