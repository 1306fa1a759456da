import HawseControl
import Testing

@Suite struct CorefileTests {
    /// What kubeadm writes.
    static let kubeadm = """
        .:53 {
            errors
            health {
               lameduck 5s
            }
            ready
            kubernetes cluster.local in-addr.arpa ip6.arpa {
               pods insecure
               fallthrough in-addr.arpa ip6.arpa
               ttl 30
            }
            prometheus :9153
            forward . /etc/resolv.conf {
               max_concurrent 1000
            }
            cache 30
            loop
        }
        """

    @Test func kubeadmsFile() throws {
        let options = try #require(try Corefile(Self.kubeadm).options)
        #expect(options.zones.map(\.text) == ["cluster.local.", "in-addr.arpa.", "ip6.arpa."])
        #expect(options.pods == .insecure)
        #expect(options.ttl == 30)
        #expect(options.fallthroughZones.map(\.text) == ["in-addr.arpa.", "ip6.arpa."])
    }

    @Test func networksAreReverseZones() throws {
        let options = try Corefile("k8s.test:53 {\n kubernetes 10.96.0.0/16 fd00::/16 {\n namespaces a b\n }\n}\n").options
        #expect(options?.zones.map(\.text) == ["96.10.in-addr.arpa.", "0.0.d.f.ip6.arpa."])
        #expect(options?.namespaces == ["a", "b"])
        #expect(try Corefile("k8s.test:53 {\n kubernetes\n}\n").options?.zones.map(\.text) == ["k8s.test."])
        #expect(try Corefile(".:53 {\n forward . 192.0.2.1\n}\n").options == nil)
    }

    @Test(arguments: ["podz verified", "pods sometimes", "ttl 5000", "multiclustr cluster.local"])
    func whatIsNotUnderstoodIsRefused(option: String) {
        #expect(throws: Corefile.Failure.self) { try Corefile(".:53 {\n kubernetes cluster.local {\n \(option)\n }\n}\n") }
    }

    @Test func reverseNames() {
        #expect(DomainName("1.0.96.10.in-addr.arpa").reverseAddress?.description == "10.96.0.1")
        #expect(DomainName("0.96.10.in-addr.arpa").reverseAddress == nil)
        let name = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."
        #expect(DomainName(name).reverseAddress?.description == "2001:db8::1")
        #expect(DomainName("1.0.96.300.in-addr.arpa").reverseAddress == nil)
    }
}
