import Foundation
import HawseControl
import HawseModel
import Testing

/// What the API server 1.36.2 answered to one POST for each bad manifest.
@Suite struct RejectionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var title: String
        var node: ManifestNode
        var isDualStack: Bool
        var testDescription: String { title }
    }

    private static func read(_ name: String) -> ManifestNode? {
        let file = RecordedCluster.folder.appending(path: "rejections/\(name).json")
        return (try? String(contentsOf: file, encoding: .utf8)).flatMap { try? JSONReader.parse($0) }
    }

    static let single = read("rejections")
    static let dual = read("rejections-dual-stack")
    static let cases: [Case] = [(single, false), (dual, true)].flatMap { root, isDualStack in
        (root?["cases"]?.items ?? []).map {
            Case(title: ($0["title"]?.text ?? "") + (isDualStack ? " (dual)" : ""), node: $0, isDualStack: isDualStack)
        }
    }

    @Test func casesArePresent() { #expect(Self.cases.count >= 87) }

    @Test(arguments: cases)
    func answersAgree(test: Case) throws {
        let root = test.isDualStack ? Self.dual : Self.single
        var loader = ManifestLoader(strict: true)
        for object in root?["objects_present_before"]?.items ?? [] {
            loader.load(text: JSONWriter.compact(object), file: "before")
        }
        let before = loader.objects.count
        let manifest = try #require(test.node["manifest"])
        loader.load(text: JSONWriter.compact(manifest), file: "manifest")
        let cluster = ClusterState(configuration: ClusterConfiguration(dualStack: test.isDualStack))
        let findings = ManifestAdmission.findings(loader, in: cluster).findings.filter { $0.file == "manifest" }
        #expect(before == (root?["objects_present_before"]?.items?.count ?? 0))
        let status = test.node["status"]?.int
        #expect((findings.first?.code ?? 201) == status)
        let causes = test.node["causes"]?.items ?? []
        let reasons = causes.filter { $0["reason"]?.text != nil }
        if !reasons.isEmpty {
            #expect(
                Set(findings.map { "\($0.type) \($0.field): \($0.message)" })
                    == Set(reasons.map {
                        "\($0["reason"]?.text ?? "") \($0["field"]?.text ?? ""): \($0["message"]?.text ?? "")"
                    }))
        } else if let finding = findings.first {
            let message = test.node["message"]?.text ?? ""
            #expect(message.hasSuffix(finding.message), "\(finding.message)")
            #expect(status == 400 || finding.type == test.node["reason"]?.text)
        }
    }
}
