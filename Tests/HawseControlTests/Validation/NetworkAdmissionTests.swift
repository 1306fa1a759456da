import HawseControl
import Testing

/// A manifest and a second one for the same object: what the API server says of the update, in its order.
struct AdmissionUpdate: Sendable, CustomTestStringConvertible {
    var base: String
    var update: String
    /// `spec.ports: Required value`; none: accepted.
    var messages: [String]

    init(_ base: String, _ text: String, _ by: String, _ messages: String...) {
        self.base = base
        self.messages = messages
        update = base.split(separator: text, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: by)
    }

    /// `update` is a manifest of its own, such as one of a status.
    init(_ base: String, then update: String, _ messages: String...) {
        (self.base, self.update, self.messages) = (base, update, messages)
    }

    var testDescription: String { update }

    func expectMessages() {
        #expect(base != update)
        #expect(AdmissionText.refusal("\(base)\n---\n\(update)") == messages, "\(update)")
    }
}

/// A manifest alone: what the API server says, in its order.
struct AdmissionText: Sendable, CustomTestStringConvertible {
    var manifest: String
    var messages: [String]

    init(_ manifest: String, _ messages: String...) { (self.manifest, self.messages) = (manifest, messages) }

    var testDescription: String { manifest }

    func expectMessages() { #expect(Self.refusal(manifest) == messages, "\(manifest)") }

    /// The causes of the first refusal among some manifests.
    static func refusal(_ text: String) -> [String] {
        var loader = ManifestLoader(strict: true)
        loader.load(text: text, file: "a.yaml")
        if !loader.diagnostics.isEmpty { return loader.diagnostics.map(\.description) }
        var state = ClusterState(configuration: .fitting(loader.objects))
        for object in loader.objects {
            do throws(StatusError) { try state.apply(object) } catch {
                return error.causes.isEmpty ? [error.message] : error.causes.map(\.description)
            }
        }
        return []
    }
}

/// Network policies, classes, ranges, addresses and leases by their text, rule by rule of `pkg/apis/networking` and
/// `pkg/apis/coordination`.
@Suite struct NetworkAdmissionTests {
    private static func policy(_ spec: String) -> String {
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}, \(spec)}"
    }

    private static func block(_ text: String) -> String { policy("ingress: [{from: [{ipBlock: {\(text)}}]}]") }
    private static let place = "spec.ingress[0].from[0].ipBlock"

    static let policies = [
        AdmissionText(block("cidr: 010.0.0.0/08"),
            "\(place).cidr: Invalid value: \"010.0.0.0/08\": must not have leading 0s in IP or prefix length"),
        AdmissionText(block("cidr: 10.0.0.0/08"),
            "\(place).cidr: Invalid value: \"10.0.0.0/08\": must not have leading 0s in IP or prefix length"),
        AdmissionText(block("cidr: '::ffff:10.0.0.1/104'"),
            "\(place).cidr: Invalid value: \"::ffff:10.0.0.1/104\": must not have an IPv4-mapped IPv6 address"),
        AdmissionText(block("cidr: 10.0.0.1/8"),
            "\(place).cidr: Invalid value: \"10.0.0.1/8\": must not have bits set beyond the prefix length"),
        AdmissionText(block("cidr: 10.0.0.0/8, except: [x, 11.0.0.0/16, 10.1.0.0/16]"),
            "\(place).except[0]: Invalid value: \"x\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)",
            "\(place).except[1]: Invalid value: \"11.0.0.0/16\": must be a strict subset of `cidr`"),
        AdmissionText(policy("policyTypes: [Ingress, Egress, Egress]"),
            "spec.policyTypes: Invalid value: [\"Ingress\",\"Egress\",\"Egress\"]: may not specify more than two policyTypes"),
        AdmissionText(policy("policyTypes: [ingress]"),
            "spec.policyTypes[0]: Unsupported value: \"ingress\": supported values: \"Ingress\", \"Egress\""),
        AdmissionText(policy("egress: [{to: [{}]}]"), "spec.egress[0].to[0]: Required value: must specify a peer"),
        AdmissionText(policy("egress: [{ports: [{port: http, endPort: 90}]}]"),
            "spec.egress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is non-numeric"),
        AdmissionText(policy("egress: [{ports: [{endPort: 90}]}]"),
            "spec.egress[0].ports[0].endPort: Invalid value: 90: may not be specified when `port` is not specified"),
    ]

    static let ingressClass = """
        apiVersion: networking.k8s.io/v1
        kind: IngressClass
        metadata: {name: c}
        spec: {controller: example.com/c}
        """

    private static func ranges(_ list: String, name: String = "more") -> String {
        "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: \(name)}\nspec: {cidrs: [\(list)]}"
    }

    static let updates = [
        AdmissionUpdate(ingressClass, "example.com/c", "'/'",
            "spec.controller: Invalid value: \"/\": field is immutable",
            "spec.controller: Invalid value: \"/\": must be a domain-prefixed path (such as \"acme.io/foo\")"),
        AdmissionUpdate(ranges("10.1.0.0/24"), "10.1.0.0/24", "10.2.0.0/24",
            "spec.cidrs[0]: Invalid value: \"10.2.0.0/24\": field is immutable"),
        AdmissionUpdate(ranges("10.1.0.0/24"), "10.1.0.0/24", "10.1.0.0/24, 'fd00:1::/112'"),
        AdmissionUpdate(ranges("10.1.0.0/24"), "10.1.0.0/24", "10.2.0.0/24, 10.3.0.0/24",
            "spec.cidrs[0]: Invalid value: \"10.2.0.0/24\": field is immutable",
            "spec.cidrs: Invalid value: [\"10.2.0.0/24\",\"10.3.0.0/24\"]: may specify no more than one IP for each IP family, "
                + "i.e 192.168.0.0/24 and 2001:db8::/64"),
        AdmissionUpdate(ranges("10.1.0.0/24, 'fd00:1::/112'"), ", 'fd00:1::/112'", "",
            "spec.cidrs: Invalid value: [\"10.1.0.0/24\"]: field is immutable"),
    ]

    static let rangeTexts = [
        AdmissionText(ranges(""), "spec.cidrs: Required value: at least one CIDR required"),
        AdmissionText(ranges("10.1.0.0/24, 10.2.0.0/24, 10.3.0.0/24"),
            "spec.cidrs: Invalid value: {\"CIDRs\":[\"10.1.0.0/24\",\"10.2.0.0/24\",\"10.3.0.0/24\"]}: may only hold up to 2 values"),
        AdmissionText(ranges("10.1.0.0/24, 10.2.0.7/24"),
            "spec.cidrs[1]: Invalid value: \"10.2.0.7/24\": must not have bits set beyond the prefix length",
            "spec.cidrs: Invalid value: [\"10.1.0.0/24\",\"10.2.0.7/24\"]: may specify no more than one IP for each IP family, "
                + "i.e 192.168.0.0/24 and 2001:db8::/64"),
        AdmissionText(ranges("'FD00:1:0::/112'"),
            "spec.cidrs[0]: Invalid value: \"FD00:1:0::/112\": must be in canonical form (\"fd00:1::/112\")"),
        AdmissionText(ranges("10.1.0.0"),
            "spec.cidrs[0]: Invalid value: \"10.1.0.0\": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
    ]

    private static func address(_ name: String, _ spec: String) -> String {
        "apiVersion: networking.k8s.io/v1\nkind: IPAddress\nmetadata: {name: '\(name)'}\nspec: {\(spec)}"
    }

    private static let parent = "parentRef: {resource: services, name: a, namespace: b}"

    static let addresses = [
        AdmissionText(address("10.96.0.9", parent)),
        AdmissionText(address("fd00:0::1", parent),
            "metadata.name: Invalid value: \"fd00:0::1\": must be in canonical form (\"fd00::1\")"),
        AdmissionText(address("web", parent),
            "metadata.name: Invalid value: \"web\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
        AdmissionText(address("10.96.0.9", ""), "spec.parentRef: Required value"),
        AdmissionText(address("10.96.0.9", "parentRef: {namespace: b/c}"),
            "spec.parentRef.resource: Required value", "spec.parentRef.name: Required value",
            "spec.parentRef.namespace: Invalid value: \"b/c\": may not contain '/'"),
    ]

    private static func lease(_ spec: String) -> String {
        "apiVersion: coordination.k8s.io/v1\nkind: Lease\nmetadata: {name: l}\nspec: {\(spec)}"
    }

    static let leases = [
        AdmissionText(lease("leaseDurationSeconds: 0, leaseTransitions: -1"),
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0"),
        // Without coordinated elections nobody looks at their fields.
        AdmissionText(lease("strategy: Any, preferredHolder: me")),
    ]

    @Test(arguments: policies + rangeTexts + addresses + leases) func texts(text: AdmissionText) { text.expectMessages() }
    @Test(arguments: updates) func changes(update: AdmissionUpdate) { update.expectMessages() }

    /// Who asks for an address gets it out of the range that has it, everybody else out of any.
    @Test func furtherRangesServe() throws {
        func service(_ name: String, _ more: String = "") -> String {
            "---\napiVersion: v1\nkind: Service\nmetadata: {name: \(name)}\nspec: {ports: [{port: 80}]\(more)}\n"
        }
        let text = Self.ranges("10.0.0.0/28", name: "kubernetes") + "\n---\n" + Self.ranges("10.1.0.0/24") + "\n"
            + service("wanted", ", clusterIP: 10.1.0.9") + (0..<40).map { service("s\($0)") }.joined()
        let state = ControlledCluster.build(text)
        let services = state.store.services.all
        #expect(services.first { $0.metadata.name == "wanted" }?.spec.clusterIP == "10.1.0.9")
        let addresses = services.map(\.spec.clusterIP)
        #expect(Set(addresses).count == 42)
        // Fourteen are in the first range, and it is used up before there are forty more.
        let first = addresses.filter { $0.hasPrefix("10.0.0.") }
        #expect((2...14).contains(first.count))
        #expect(addresses.allSatisfy { $0.hasPrefix("10.0.0.") || $0.hasPrefix("10.1.0.") })
    }

    /// Nothing of the whole cluster has a namespace, whatever its manifest says.
    @Test func namespacesOfWholeClustersKinds() {
        #expect(AdmissionText.refusal(Self.ingressClass.replacing("{name: c}", with: "{name: c, namespace: x}")) == [])
    }
}
