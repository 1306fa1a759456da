import Foundation
import HawseModel

/// One object of a JSON file, read leniently by key. Wrong types read as absent; the callers say what they need.
struct JSONFile {
    let file: String
    private let values: [String: Any]
    private let source: String

    init(path: String) throws(FormatError) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FormatError(file: path, line: 1, message: "cannot be read")
        }
        let parsed: Any
        do {
            parsed = try JSONSerialization.jsonObject(with: data)
        } catch {
            let detail = (error as NSError).userInfo["NSDebugDescription"] as? String ?? "it is not JSON"
            throw FormatError(file: path, line: 1, message: detail)
        }
        guard let object = parsed as? [String: Any] else {
            throw FormatError(file: path, line: 1, message: "an object was expected")
        }
        file = path
        values = object
        source = String(decoding: data, as: UTF8.self)
    }

    private init(file: String, values: [String: Any], source: String) {
        self.file = file
        self.values = values
        self.source = source
    }

    /// The elements of a JSON list, or of a file with one object a line.
    static func list(path: String) throws(FormatError) -> [JSONFile] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw FormatError(file: path, line: 1, message: "cannot be read")
        }
        let source = String(decoding: data, as: UTF8.self)
        if let items = (try? JSONSerialization.jsonObject(with: data)) as? [[String: Any]] {
            return items.map { JSONFile(file: path, values: $0, source: source) }
        }
        var items: [JSONFile] = []
        for (number, line) in source.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            guard let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
            else {
                throw FormatError(file: path, line: number + 1, message: "a JSON object was expected")
            }
            items.append(JSONFile(file: path, values: object, source: source))
        }
        return items
    }

    var keys: [String] { values.keys.sorted() }
    func string(_ key: String) -> String? { values[key] as? String }
    func integer(_ key: String) -> Int? { (values[key] as? NSNumber)?.intValue }
    func number(_ key: String) -> Double? { (values[key] as? NSNumber)?.doubleValue }
    func bool(_ key: String) -> Bool? { (values[key] as? NSNumber)?.boolValue }
    func list(_ key: String) -> [String] { values[key] as? [String] ?? [] }
    func integers(_ key: String) -> [Int]? { (values[key] as? [NSNumber])?.map(\.intValue) }
    func object(_ key: String) -> JSONFile? {
        (values[key] as? [String: Any]).map { JSONFile(file: file, values: $0, source: source) }
    }
    func objects(_ key: String) -> [JSONFile] {
        (values[key] as? [[String: Any]] ?? []).map { JSONFile(file: file, values: $0, source: source) }
    }
    /// An object's members as text, by key.
    func strings(in key: String) -> [(String, String)] {
        (values[key] as? [String: Any] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
    }

    /// Where a string stands in the file's text.
    func place(of text: String) -> SourceLocation {
        guard let range = source.range(of: "\"\(text)\"") else { return SourceLocation(file: file, line: 1) }
        let before = source[..<range.lowerBound]
        let line = before.reduce(1) { $1 == "\n" ? $0 + 1 : $0 }
        let start = before.lastIndex(of: "\n").map { source.index(after: $0) } ?? source.startIndex
        return SourceLocation(
            file: file, line: line, column: source.distance(from: start, to: range.lowerBound) + 2)
    }

    func error(_ message: String) -> FormatError { FormatError(file: file, line: 1, message: message) }
}
