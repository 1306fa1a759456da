import Foundation
import Testing

/// `hawse replay -f`: what a capture's packets came to.
@Suite struct ClusterReplayTests {
    /// The error that comes back to the client is no endpoint that its packet has reached.
    @Test func rejectedRequestsAreLost() throws {
        let manifest = "apiVersion: v1\\nkind: Service\\nmetadata: {name: lost}\\nspec: {clusterIP: 10.96.7.7, selector: {a: b}, ports: [{port: 80}]}\\n"
        let result = try HawseProgram.shell(
            "f=$(mktemp); hawse generate --to 10.96.7.7:80 --from 10.244.1.10/32 --flows 2 --packets 4 --one-way -w $f; "
                + "printf '\(manifest)' | hawse replay -f pcaps/demo/cluster -f - -r $f --summary json; s=$?; rm $f; exit $s")
        #expect(result.status == 0, "\(result.errors)")
        let root = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        let service = try #require((root["services"] as? [[String: Any]])?.first { $0["service"] as? String == "default/lost" })
        #expect(service["undelivered"] as? Int == 4)
        #expect((service["endpoints"] as? [String: Any])?.isEmpty == true, "\(result.output)")
        #expect(root["replies"] as? Int == 0)
    }
}
