import Foundation
import Testing

/// `hawse route` and `hawse diff --request`.
@Suite struct RouteTests {
    static let demo = "pcaps/demo/migration"

    @Test func requestsGetRowsWithTheContractsKeys() throws {
        let result = try HawseProgram.shell(
            "hawse route -f \(Self.demo)/services.yaml -f \(Self.demo)/ingress.yaml --request \(Self.demo)/requests.ndjson")
        #expect(result.status == 0)
        let rows = try result.output.split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
        #expect(rows.count == 8)
        #expect(rows[0]["schema"] as? String == "hawse.route/1")
        for row in rows {
            for key in ["id", "status", "backend", "path", "location", "headers", "certificate"] {
                #expect(row[key] != nil, "\(key)")
            }
        }
        let api = rows[3]
        #expect(api["path"] as? String == "/items" && api["query"] as? String == "page=2")
        let backend = try #require(api["backend"] as? [String: Any])
        #expect(
            backend["namespace"] as? String == "shop" && backend["service"] as? String == "api" && backend["port"] as? Int == 8000
        )
        #expect(rows[1]["status"] as? Int == 308 && rows[1]["location"] as? String == "https://shop.example/cart/3")
        #expect(rows[7]["status"] as? Int == 404)
    }

    /// A path that only begins like another, and one in capitals: the expressions of ingress-nginx take both.
    @Test func aMoveToTheGatewayAPIShowsWhatItChanges() throws {
        let command = "hawse diff -f \(Self.demo)/services.yaml --left \(Self.demo)/ingress.yaml --right"
        let result = try HawseProgram.shell(
            "\(command) \(Self.demo)/gateway.yaml --request \(Self.demo)/requests.ndjson --format ndjson")
        #expect(result.status == 1)
        let lines = result.output.split(separator: "\n")
        #expect(lines.first == #"{"schema":"hawse.diff/1","requests":8,"differing":2}"#)
        #expect(
            lines.dropFirst().map { $0.prefix(30) } == [#"{"id":"looks like the cart","r"#, #"{"id":"capitals","request":"GE"#])
        let same = try HawseProgram.shell(
            "\(command) \(Self.demo)/ingress.yaml --request \(Self.demo)/requests.ndjson --compare bytes")
        #expect(same.status == 0)
        #expect(same.output.contains("none fares differently"))
    }

    @Test func misspeltAnnotationsAndRequestsAreNamed() throws {
        let result = try HawseProgram.shell(
            """
            sed s/rewrite-target/rewrite-traget/ \(Self.demo)/ingress.yaml |
                hawse route -f - --url http://shop.example/ -H 'X-A: 1' >/dev/null
            """)
        #expect(result.status == 0)
        #expect(
            result.errors.contains(
                "unknown annotation nginx.ingress.kubernetes.io/rewrite-traget (did you mean \"rewrite-target\"?)"))
        let broken = try HawseProgram.shell(#"echo '{"scheme": "ftp"}' | hawse route -f \#(Self.demo)/ingress.yaml --request -"#)
        #expect(broken.status == 2)
        #expect(broken.errors.contains("-:1:12: scheme: \"ftp\" is neither http nor https"))
        let both = try HawseProgram.shell("hawse route -f \(Self.demo)/ingress.yaml --url http://a/ --status")
        #expect(both.status == 2)
    }
}
