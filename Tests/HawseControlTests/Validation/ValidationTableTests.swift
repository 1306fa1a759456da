import Foundation
import HawseControl
import HawseModel
import Testing

/// The table of the API's own validation tests: verdict, type and field of every row.
@Suite struct ValidationTableTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var id: String
        var node: ManifestNode
        var testDescription: String { id }
    }

    static let rows: [Row] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/service-validation.json")
        guard let text = try? String(contentsOf: file, encoding: .utf8), let root = try? JSONReader.parse(text) else {
            return []
        }
        return (root["rows"]?.items ?? []).map { Row(id: $0["id"]?.text ?? "", node: $0) }
    }()

    @Test func tableIsComplete() { #expect(Self.rows.count == 279) }

    @Test(arguments: rows)
    func verdictFieldAndTypeAgree(row: Row) throws {
        let new = try #require(read(row.node["object"]))
        let old = row.node["oldObject"].flatMap(read)
        var options = Validation.Options()
        if let flag = row.node["gates"]?["strictAddresses"]?.flag { options.strictAddresses = flag }
        if let flag = row.node["gates"]?["relaxedServiceNames"]?.flag { options.relaxedServiceNames = flag }
        if let flag = row.node["gates"]?["newTrafficDistribution"]?.flag { options.newTrafficDistribution = flag }
        let found = Validation.check(new, old: old, options: options)
        let expected = row.node["expect"]?["errors"]?.items ?? []
        let wanted = Set(expected.map { "\($0["type"]?.text ?? "") \($0["field"]?.text ?? "")" })
        #expect(Set(found.map { "\(shortName($0.type)) \($0.field)" }) == wanted)
        #expect(found.isEmpty == row.node["expect"]?["valid"]?.flag)
    }

    private func read(_ node: ManifestNode?) -> (any KubernetesObject)? {
        guard let node else { return nil }
        var loader = ManifestLoader()
        loader.load(text: JSONWriter.compact(node), file: "row")
        #expect(loader.diagnostics.map(\.description) == [])
        return loader.known.first
    }

    private func shortName(_ type: FieldError.Kind) -> String {
        type.rawValue.hasPrefix("FieldValue") ? String(type.rawValue.dropFirst(10)) : type.rawValue
    }
}
