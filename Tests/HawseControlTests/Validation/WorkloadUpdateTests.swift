import HawseControl
import Testing

/// Updates of workloads: what stays, what may change, and what counts as a new generation
/// (`pkg/registry/{apps,batch}/*/strategy.go`).
@Suite struct WorkloadUpdateTests {
    private static let suspended = """
        apiVersion: batch/v1
        kind: Job
        metadata: {name: once}
        spec:
          suspend: true
          template:
            spec: {restartPolicy: Never, containers: [{name: main, image: "j:1", resources: {requests: {cpu: 1}}}]}
        """

    static let accepted = [
        AdmissionUpdate(suspended, "cpu: 1", "cpu: 2"),
        AdmissionUpdate(suspended, "restartPolicy: Never", "restartPolicy: Never, nodeSelector: {zone: a}"),
        AdmissionUpdate(suspended, "suspend: true", "suspend: false"),
    ]

    @Test(arguments: accepted) func changes(update: AdmissionUpdate) { update.expectMessages() }

    /// The default of a Job without a policy of failures stays in the stored object.
    private static let replacement =
        #"spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed""#

    /// Policies are printed under the names of the API server's own types.
    static let policies = [
        AdmissionUpdate(
            suspended, "suspend: true", "suspend: true\n  successPolicy: {rules: [{succeededIndexes: '0'}]}",
            #"spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":"0","SucceededCount":null}]}: "#
                + "requires indexed completion mode",
            #"spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":"0","SucceededCount":null}]}: "#
                + "field is immutable"),
        AdmissionUpdate(
            suspended, "suspend: true", "suspend: true\n  podFailurePolicy: "
                + "{rules: [{action: FailJob, onExitCodes: {operator: In, values: [1, 2]}}]}", replacement,
            #"spec.podFailurePolicy: Invalid value: {"Rules":[{"Action":"FailJob","OnExitCodes":{"ContainerName":null,"#
                + #""Operator":"In","Values":[1,2]},"OnPodConditions":null}]}: field is immutable"#),
        AdmissionUpdate(
            suspended, "suspend: true", "suspend: true\n  podFailurePolicy: "
                + "{rules: [{action: Ignore, onPodConditions: [{type: DisruptionTarget}]}]}", replacement,
            #"spec.podFailurePolicy: Invalid value: {"Rules":[{"Action":"Ignore","OnExitCodes":null,"#
                + #""OnPodConditions":[{"Type":"DisruptionTarget","Status":"True"}]}]}: field is immutable"#),
    ]

    @Test(arguments: policies) func printedPolicies(update: AdmissionUpdate) { update.expectMessages() }

    /// A namespace always starts with its own finalizer, and no update takes or gives one.
    @Test func finalizersOfANamespace() throws {
        let text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: team}\nspec: {finalizers: [example.com/held]}"
        var state = ControlledCluster.build(text)
        let key = ObjectKey(name: "team")
        let own = ["example.com/held", "kubernetes"]
        #expect(state.store.namespaces[key]?.spec.finalizers == own)
        try state.modify(Kubernetes.Namespace.self, key) { $0.spec.finalizers = [] }
        #expect(state.store.namespaces[key]?.spec.finalizers == own)
    }

    /// Labels that a Job's controller goes by are not the user's to choose.
    @Test func jobLabelsOfOnesOwn() {
        var loader = ManifestLoader(strict: true)
        loader.load(
            text: Self.suspended.replacing("template:\n", with: "template:\n    metadata: {labels: {job-name: other}}\n"),
            file: "a.yaml")
        let found = ManifestAdmission.findings(loader).findings.map { "\($0.type) \($0.field)" }
        #expect(found == ["FieldValueInvalid spec.template.metadata.labels[job-name]"])
    }

    private func refusal(_ text: String, _ change: (inout Kubernetes.Job) -> Void) throws -> [String] {
        var state = ControlledCluster.build(text)
        let error = #expect(throws: StatusError.self) {
            try state.modify(Kubernetes.Job.self, ObjectKey(namespace: "default", name: "once"), change)
        }
        return try #require(error).causes.map { "\($0.type.rawValue) \($0.field)" }
    }

    @Test func templatesOfRunningJobsStay() throws {
        let running = Self.suspended.replacing("suspend: true", with: "suspend: false")
        #expect(
            try refusal(running) { $0.spec.template.spec.nodeSelector = ["zone": "a"] } == ["FieldValueInvalid spec.template"])
        #expect(
            try refusal(Self.suspended) { $0.spec.template.spec.containers[0].image = "j:2" }
                == ["FieldValueInvalid spec.template"])
    }

    @Test func annotationsAreAGenerationOfADeployment() throws {
        var state = ControlledCluster.build(ControllerAdmissionTests.deployment)
        let key = ObjectKey(namespace: "default", name: "web")
        let before = try #require(state.store.deployments[key]?.metadata.generation)
        try state.modify(Kubernetes.Deployment.self, key) { $0.metadata.annotations["note"] = "a" }
        #expect(state.store.deployments[key]?.metadata.generation == before + 1)
        try state.modify(Kubernetes.Deployment.self, key) { $0.metadata.labels["note"] = "a" }
        #expect(state.store.deployments[key]?.metadata.generation == before + 1)
    }

    @Test func templatesOfADaemonSetAreCounted() throws {
        var state = ControlledCluster.build(ControllerAdmissionTests.daemon)
        let key = ObjectKey(namespace: "default", name: "agent")
        func count() -> String? {
            state.store.daemonSets[key]?.metadata.annotations["deprecated.daemonset.template.generation"]
        }
        #expect(count() == "1")
        try state.modify(Kubernetes.DaemonSet.self, key) { $0.spec.minReadySeconds = 3 }
        #expect(count() == "1")
        try state.modify(Kubernetes.DaemonSet.self, key) { $0.spec.template.spec.containers[0].image = "a:2" }
        #expect(count() == "2")
    }

    /// v1 does not write the field that came before `nodeName` and `zone`.
    @Test func oldTopologyOfSlices() throws {
        var loader = ManifestLoader(strict: true)
        loader.load(
            text: """
                apiVersion: discovery.k8s.io/v1
                kind: EndpointSlice
                metadata: {name: s}
                addressType: IPv4
                endpoints: [{addresses: [10.0.0.1], deprecatedTopology: {'a b': c}}]
                """, file: "a.yaml")
        let (findings, state) = ManifestAdmission.findings(loader)
        #expect(findings.isEmpty)
        let slice = try #require(state.store.endpointSlices[ObjectKey(namespace: "default", name: "s")])
        #expect(slice.endpoints[0].deprecatedTopology.isEmpty)
    }
}
