import HawseControl
import Testing

/// Names and keys in the words of `k8s.io/apimachinery` 0.36.
@Suite struct NameFormatTests {
    private static func service(_ name: String, _ port: String = "port: 80") -> String {
        "apiVersion: v1\nkind: Service\nmetadata: {name: \(name)}\nspec: {ports: [{\(port)}]}"
    }
    private static func labelled(_ label: String) -> String {
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: {\(label)}}"
    }
    private static func slice(_ address: String) -> String {
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: FQDN\n"
            + "endpoints: [{addresses: ['\(address)']}]"
    }
    private static func ingressClass(_ controller: String) -> String {
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: c}\nspec: {controller: \"\(controller)\"}"
    }
    private static func letters(_ count: Int) -> String { String(repeating: "x", count: count) }
    private static let key = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        + "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
        + "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    private static let subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
        + "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

    static let texts = [
        AdmissionText(service("a.b"), "metadata.name: Invalid value: \"a.b\": must not contain dots"),
        AdmissionText(service(letters(64)),
            "metadata.name: Invalid value: \"\(letters(64))\": must be no more than 63 characters"),
        AdmissionText(service("a", "port: 80, name: http.web"),
            "spec.ports[0].name: Invalid value: \"http.web\": must not contain dots"),
        AdmissionText(service("a", "port: 80, targetPort: \(letters(16))"),
            "spec.ports[0].targetPort: Invalid value: \"\(letters(16))\": must be no more than 15 characters"),
        AdmissionText(labelled("a: \(letters(64))"),
            "metadata.labels: Invalid value: \"\(letters(64))\": must be no more than 63 bytes"),
        AdmissionText(labelled("\(letters(64)): a"),
            "metadata.labels: Invalid value: \"\(letters(64))\": name part must be no more than 63 bytes"),
        AdmissionText(labelled("a/b/c: x"), "metadata.labels: Invalid value: \"a/b/c\": a valid label key \(key) "
            + "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"),
        AdmissionText(slice(""), "endpoints[0].addresses[0]: Required value"),
        AdmissionText(slice("A.b."), "endpoints[0].addresses[0]: Invalid value: \"A.b\": \(subdomain)"),
        AdmissionText(slice("a."),
            "endpoints[0].addresses[0]: Invalid value: \"a\": should be a domain with at least two segments separated by dots"),
        AdmissionText(slice("\(letters(64)).b"),
            "endpoints[0].addresses[0]: Invalid value: \"\(letters(64))\": must be no more than 63 characters"),
        AdmissionText(ingressClass("A/b c"), "spec.controller: Invalid value: \"A\": \(subdomain)",
            "spec.controller: Invalid value: \"b c\": Invalid path (regex used for validation is "
                + "'[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"),
        AdmissionText(ingressClass(""), "spec.controller: Required value"),
    ]

    @Test(arguments: texts) func words(text: AdmissionText) { text.expectMessages() }
}
