import HawseModel

/// One object of a JSON file, read leniently by key. Wrong types read as absent; the callers say what they need.
struct JSONFile {
    let file: String
    private let node: ManifestNode

    init(path: String) throws(FormatError) {
        let root: ManifestNode
        do { root = try JSONReader.parse(try Self.text(path)) } catch let error as JSONReader.Failure {
            throw FormatError(path, error)
        } catch let error as FormatError { throw error } catch { throw FormatError(file: path, line: 1, message: "\(error)") }
        guard root.entries != nil else {
            throw FormatError(file: path, line: 1, column: 1, message: "an object was expected, found \(root.typeName)")
        }
        self.init(file: path, root)
    }

    private init(file: String, _ node: ManifestNode) {
        self.file = file
        self.node = node
    }

    /// The elements of a JSON list, or of a file with one object a line.
    static func list(path: String) throws(FormatError) -> [JSONFile] {
        let source = try text(path)
        let failure: JSONReader.Failure
        do throws(JSONReader.Failure) {
            let root = try JSONReader.parse(source)
            if let items = root.items, items.allSatisfy({ $0.entries != nil }) { return items.map { JSONFile(file: path, $0) } }
            guard root.entries != nil else { throw JSONReader.Failure(mark: root.mark, reason: "a list of objects was expected") }
            return [JSONFile(file: path, root)]
        } catch { failure = error }
        // A list that is damaged is told as one.
        if source.utf8.first(where: { $0 > 32 }) == UInt8(ascii: "[") { throw FormatError(path, failure) }
        var items: [JSONFile] = []
        for (index, line) in textLines(source).enumerated() where !line.allSatisfy(\.isWhitespace) {
            do throws(JSONReader.Failure) {
                let row = try JSONReader.parse(String(line), line: index + 1)
                guard row.entries != nil else { throw JSONReader.Failure(mark: row.mark, reason: "a JSON object was expected") }
                items.append(JSONFile(file: path, row))
            } catch { throw FormatError(path, error) }
        }
        return items
    }

    /// A byte order mark in front is not held against a file.
    private static func text(_ path: String) throws(FormatError) -> String {
        let text = try FormatError.text(of: path)
        return text.utf8.starts(with: byteOrderMark) ? String(text.unicodeScalars.dropFirst()) : text
    }

    var keys: [String] { (node.entries ?? []).map(\.key).sorted() }
    func string(_ key: String) -> String? { node[key]?.text }
    func number(_ key: String) -> Double? { node[key]?.decimal }
    func integer(_ key: String) -> Int? { node[key].flatMap(Self.integer) }
    func bool(_ key: String) -> Bool? { node[key].flatMap { $0.flag ?? Self.integer($0).map { $0 != 0 } } }
    func list(_ key: String) -> [String] {
        let texts = (node[key]?.items ?? []).map(\.text)
        return texts.contains(nil) ? [] : texts.compactMap(\.self)
    }
    func integers(_ key: String) -> [Int]? {
        guard let items = node[key]?.items else { return nil }
        var numbers: [Int] = []
        for item in items {
            guard let number = Self.integer(item) else { return nil }
            numbers.append(number)
        }
        return numbers
    }
    func object(_ key: String) -> JSONFile? {
        node[key].flatMap { $0.entries == nil ? nil : JSONFile(file: file, $0) }
    }
    func objects(_ key: String) -> [JSONFile] {
        let items = node[key]?.items ?? []
        return items.contains { $0.entries == nil } ? [] : items.map { JSONFile(file: file, $0) }
    }
    /// An object's members as text, by key.
    func strings(in key: String) -> [(String, String)] {
        (node[key]?.entries ?? []).map { ($0.key, Self.plain($0.node)) }.sorted { $0.0 < $1.0 }
    }

    private static func integer(_ node: ManifestNode) -> Int? {
        if let flag = node.flag { return flag ? 1 : 0 }
        return node.int ?? node.decimal.flatMap { Int(exactly: $0.rounded(.towardZero)) }
    }

    private static func plain(_ node: ManifestNode) -> String {
        switch node.value {
        case .string(let text), .number(_, let text): text
        case .integer(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .null: "null"
        case .list, .map: node.typeName
        }
    }

    /// Where a key's word begins, behind its quote; with `outer`, a key of the object that is there.
    func place(ofKey key: String, in outer: String? = nil) -> SourceLocation {
        let object = outer.flatMap { node[$0] } ?? node
        return place(object.entries?.first { $0.key == key }?.mark ?? object.mark, behind: 1)
    }

    /// Where the text of a list's element begins, behind its quote.
    func place(of index: Int, in key: String) -> SourceLocation { place(node[key]?[index]?.mark ?? node.mark, behind: 1) }

    private func place(_ mark: SourceMark, behind quote: Int = 0) -> SourceLocation {
        SourceLocation(file: file, line: max(Int(mark.line), 1), column: Int(mark.column) + quote)
    }

    /// What a key's value is instead of what it has to be; null is as good as nothing.
    func misfit(_ key: String, _ shape: CaseKeys.Shape) -> String? {
        guard let value = node[key], !value.isNull, !shape.fits(value) else { return nil }
        return shape == .number && value.decimal != nil ? "one so large" : value.typeName
    }

    /// An error of this object; of one of its keys, where that is known.
    func error(_ message: String, at key: String? = nil) -> FormatError {
        FormatError(place((key.flatMap { node[$0]?.mark }) ?? node.mark), message)
    }
}

extension FormatError {
    init(_ file: String, _ failure: JSONReader.Failure) {
        self.init(file: file, line: max(Int(failure.mark.line), 1), column: Int(failure.mark.column), message: failure.reason)
    }
}
