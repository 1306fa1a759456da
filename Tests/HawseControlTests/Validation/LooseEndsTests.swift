import HawseControl
import Testing

/// `hawse check`: what leads nowhere within the manifests.
@Suite struct LooseEndsTests {
    private func findings(_ text: String) -> [String] {
        var loader = ManifestLoader()
        loader.load(text: text, file: "a.yaml")
        #expect(!loader.diagnostics.contains { $0.severity == .error })
        return LooseEnds.findings(loader.objects).map { warning in
            "\(warning.mark.line):\(warning.mark.column) \(warning.field): \(warning.message)"
                + (warning.suggestion.map { " [\($0)]" } ?? "")
        }
    }

    private static let web = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: main, image: web, ports: [{name: http, containerPort: 8080}]}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web}
        spec:
          selector: {app: web}
          ports: [{name: http, port: 80, targetPort: http}]
        ---

        """

    @Test func whatFitsIsNotComplainedOf() {
        #expect(
            findings(
                Self.web + """
                    apiVersion: networking.k8s.io/v1
                    kind: Ingress
                    metadata: {name: front}
                    spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
                    """) == [])
    }

    @Test func selectorsAndPortNames() {
        #expect(
            findings(
                Self.web + """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: typo}
                    spec:
                      selector: {app: wbe}
                      ports: [{port: 80}]
                    ---
                    apiVersion: v1
                    kind: Service
                    metadata: {name: port}
                    spec:
                      selector: {app: web}
                      ports:
                      - {name: a, port: 80, targetPort: 8080}
                      - {name: b, port: 81, targetPort: htpp}
                    """) == [
                    "21:3 spec.selector: no pod of these manifests has the labels app=wbe [app=web]",
                    "31:25 spec.ports[1].targetPort: no container of the selected pods has a port with the name \"htpp\" [http]",
                ])
    }

    /// A label that a controller gives to each pod stands in no template.
    @Test func oneOfASetsPods() {
        #expect(
            findings(
                Self.web + """
                    apiVersion: v1
                    kind: Service
                    metadata: {name: first}
                    spec: {selector: {app: web, statefulset.kubernetes.io/pod-name: web-0}, ports: [{port: 80}]}
                    """) == [])
    }

    @Test func backendsTargetsAndNames() {
        let text =
            Self.web + """
            apiVersion: networking.k8s.io/v1
            kind: Ingress
            metadata: {name: front}
            spec:
              defaultBackend: {service: {name: wbe, port: {number: 80}}}
              rules:
              - http:
                  paths:
                  - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 8080}}}}
                  - {path: /a, pathType: Prefix, backend: {service: {name: web, port: {name: htp}}}}
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: web}
            spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: wep}}
            ---
            apiVersion: apps/v1
            kind: StatefulSet
            metadata: {name: db}
            spec:
              serviceName: web
              selector: {matchLabels: {app: db}}
              template: {metadata: {labels: {app: db}}, spec: {containers: [{name: main, image: db}]}}
            """
        #expect(
            findings(text).map { $0.split(separator: " ", maxSplits: 1)[1] } == [
                "spec.defaultBackend.service.name: there is no Service \"wbe\" in these manifests [web]",
                "spec.rules[0].http.paths[0].backend.service.port.number: Service \"web\" has no port 8080",
                "spec.rules[0].http.paths[1].backend.service.port.name: Service \"web\" has no port \"htp\" [http]",
                "spec.scaleTargetRef.name: there is no Deployment \"wep\" in these manifests [Deployment/web]",
                "spec.serviceName: Service \"web\" is not headless: the pods get no names of their own",
            ])
    }

    /// What may well be elsewhere is not missed, nor another namespace's taken.
    @Test func onlyWithinWhatIsThere() {
        let service = """
            apiVersion: v1
            kind: Service
            metadata: {name: alone, namespace: shop}
            spec: {selector: {app: nobody}, ports: [{port: 80}]}
            """
        #expect(findings(service) == [])
        #expect(findings(Self.web + service) == [])
    }
}
