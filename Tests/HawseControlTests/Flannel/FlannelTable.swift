import Foundation
import HawseControl
import HawseModel
import HawseWire

/// The rows of pcaps/k8s/tables/flannel.json: what flannel's own tests promise.
struct FlannelTable {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func rows() throws -> [ManifestNode] {
        let file = root.appending(path: "pcaps/k8s/tables/flannel.json")
        let table = try JSONReader.parse(String(decoding: Data(contentsOf: file), as: UTF8.self))
        return table["rows"]?.items ?? []
    }

    static func rows(_ kind: String) throws -> [ManifestNode] { try rows().filter { $0["kind"]?.text == kind } }

    static func text(_ node: ManifestNode) -> String {
        switch node.value {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(_, let text): text
        case .string(let text): "\"\(text)\""
        case .list(let items): "[" + items.map(text).joined(separator: ",") + "]"
        case .map(let entries): "{" + entries.map { "\"\($0.key)\":\(text($0.node))" }.joined(separator: ",") + "}"
        }
    }

    static func chainRule(_ node: ManifestNode, table: String? = nil) throws -> Flannel.ChainRule? {
        guard let name = node["table"]?.text ?? table, let table = TableName(rawValue: name),
            let chain = node["chain"]?.text, let arguments = node["args"]?.items
        else { return nil }
        return Flannel.ChainRule(table: table, chain: chain, arguments: arguments.compactMap(\.text))
    }
}
