import HawseControl
import HawseModel
import Testing

/// What the API server fills in (`pkg/apis/*/v1/defaults.go`), part by part.
@Suite struct DefaultsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var manifest: String
        /// Keys and indices that lead to the part.
        var path: [String]
        var part: String

        init(_ manifest: String, _ path: String, _ part: String) {
            (self.manifest, self.path, self.part) = (manifest, path.split(separator: ".").map(String.init), part)
        }
        var testDescription: String { part }
    }

    private static func pod(_ spec: String, container: String = "") -> String {
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n"
            + "spec: {\(spec), containers: [{name: main, image: 'web:1'\(container)}]}"
    }

    private static func volume(_ text: String) -> String { pod("volumes: [{name: v, \(text)}]") }
    private static let first = "spec.volumes.0"

    static let pods = [
        Row(pod("volumes: [{name: v}]"), first, #"{"name":"v","emptyDir":{}}"#),
        Row(volume("secret: {secretName: s}"), first, #"{"name":"v","secret":{"defaultMode":420,"secretName":"s"}}"#),
        Row(volume("configMap: {name: c, defaultMode: 256}"), first, #"{"name":"v","configMap":{"name":"c","defaultMode":256}}"#),
        Row(volume("hostPath: {path: /a}"), first, #"{"name":"v","hostPath":{"path":"/a","type":""}}"#),
        Row(volume("image: {reference: 'a:latest'}"), first, #"{"name":"v","image":{"pullPolicy":"Always","reference":"a:latest"}}"#),
        Row(volume("projected: {sources: [{serviceAccountToken: {path: t}}]}"), first,
            #"{"name":"v","projected":{"defaultMode":420,"sources":[{"serviceAccountToken":{"expirationSeconds":3600,"path":"t"}}]}}"#),
        Row(volume("downwardAPI: {items: [{path: a, fieldRef: {fieldPath: metadata.name}}]}"), first + ".downwardAPI.items.0",
            #"{"path":"a","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}"#),
        Row(volume("ephemeral: {volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce]}}}"), first + ".ephemeral.volumeClaimTemplate",
            #"{"spec":{"accessModes":["ReadWriteOnce"],"volumeMode":"Filesystem"}}"#),
        Row(volume("ephemeral: {volumeClaimTemplate: {spec: {volumeMode: Block}}}"), first + ".ephemeral.volumeClaimTemplate.spec",
            #"{"volumeMode":"Block"}"#),
        Row(pod("nodeName: node-a", container: ", env: [{name: A, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]"),
            "spec.containers.0.env.0.valueFrom", #"{"fieldRef":{"apiVersion":"v1","fieldPath":"status.podIP"}}"#),
    ]

    private static func scaler(_ behavior: String) -> String {
        "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n"
            + "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3, behavior: {\(behavior)}}"
    }

    private static let anyUp = #"{"policies":[{"periodSeconds":15,"type":"Pods","value":4},"#
        + #"{"periodSeconds":15,"type":"Percent","value":100}],"selectPolicy":"Max","stabilizationWindowSeconds":0}"#

    static let controllers = [
        Row(scaler("scaleDown: {selectPolicy: Disabled}"), "spec.behavior.scaleUp", anyUp),
        Row(scaler("scaleDown: {selectPolicy: Disabled}"), "spec.behavior.scaleDown",
            #"{"policies":[{"periodSeconds":15,"type":"Percent","value":100}],"selectPolicy":"Disabled"}"#),
        Row(ControllerAdmissionTests.set.replacing("  replicas: 3", with: "  persistentVolumeClaimRetentionPolicy: {whenScaled: Delete}"),
            "spec.persistentVolumeClaimRetentionPolicy", #"{"whenDeleted":"Retain","whenScaled":"Delete"}"#),
        Row(ControllerAdmissionTests.set, "spec.volumeClaimTemplates.0", #"{"metadata":{"name":"data"},"spec":{"volumeMode":"Filesystem"}}"#),
    ]

    @Test(arguments: pods + controllers) func parts(row: Row) throws {
        var loader = ManifestLoader(strict: true)
        loader.load(text: row.manifest, file: "a.yaml")
        let (findings, state) = ManifestAdmission.findings(loader)
        #expect(findings.map(\.message) == [])
        let object = try #require(loader.objects.first)
        let key = ObjectKey(namespace: "default", name: object.metadata.name)
        let stored: ManifestNode? =
            switch object.kind {
            case "Pod": state.store.pods[key]?.written()
            case "StatefulSet": state.store.statefulSets[key]?.written()
            default: state.store.autoscalers[key]?.written()
            }
        let part = row.path.reduce(stored) { node, step in Int(step).flatMap { node?[$0] } ?? node?[step] }
        #expect(JSONWriter.compact(try #require(part)) == row.part)
    }
}
