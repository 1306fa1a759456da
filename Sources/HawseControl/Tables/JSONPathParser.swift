import HawseModel

/// Reads JSONPath templates.
struct JSONPathParser {
    private let text: [Character]
    private var at = 0

    init(_ text: String) { self.text = Array(text) }

    private var next: Character? { at < text.count ? text[at] : nil }

    private mutating func skipBlanks() {
        while next == " " || next == "\n" || next == "\t" { at += 1 }
    }

    private func failure(_ what: String) -> JSONPath.Failure {
        JSONPath.Failure(description: "error parsing jsonpath \(String(text)), \(what)")
    }

    mutating func template() throws(JSONPath.Failure) -> [JSONPath.Part] {
        let parts = try parts(isInside: false)
        if at < text.count { throw failure("{end} without a {range}") }
        return parts
    }

    /// Parts up to the end, or inside a range up to its `{end}`.
    private mutating func parts(isInside: Bool) throws(JSONPath.Failure) -> [JSONPath.Part] {
        var parts: [JSONPath.Part] = []
        var plain = ""
        while let character = next {
            guard character == "{" else {
                plain.append(character)
                at += 1
                continue
            }
            if !plain.isEmpty { parts.append(.text(plain)) }
            plain = ""
            let start = at
            at += 1
            skipBlanks()
            if word("end") {
                try close()
                if isInside { return parts }
                at = start
                return parts
            }
            if word("range") {
                let steps = try path()
                try close()
                parts.append(.range(steps, try self.parts(isInside: true)))
                continue
            }
            try expressions(&parts)
        }
        if isInside { throw failure("{range} without an {end}") }
        if !plain.isEmpty { parts.append(.text(plain)) }
        return parts
    }

    /// A word of the template's own, not the beginning of a name.
    private mutating func word(_ word: String) -> Bool {
        let letters = Array(word)
        guard at + letters.count <= text.count, Array(text[at..<at + letters.count]) == letters else { return false }
        if at + letters.count < text.count, ![" ", "}", ".", "$"].contains(text[at + letters.count]) { return false }
        at += letters.count
        skipBlanks()
        return true
    }

    private mutating func close() throws(JSONPath.Failure) {
        skipBlanks()
        guard next == "}" else { throw failure("unclosed action") }
        at += 1
    }

    private mutating func expressions(_ parts: inout [JSONPath.Part]) throws(JSONPath.Failure) {
        while true {
            skipBlanks()
            guard let character = next else { throw failure("unclosed action") }
            if character == "}" {
                at += 1
                return
            }
            if character == "\"" || character == "'" {
                parts.append(.text(try quoted()))
            } else {
                parts.append(.path(try path()))
            }
        }
    }

    private mutating func quoted() throws(JSONPath.Failure) -> String {
        guard let mark = next else { throw failure("unterminated quoted string") }
        at += 1
        var out = ""
        while let character = next {
            at += 1
            if character == mark { return out }
            guard character == "\\", let escaped = next else {
                out.append(character)
                continue
            }
            at += 1
            switch escaped {
            case "n": out.append("\n")
            case "t": out.append("\t")
            case "r": out.append("\r")
            default: out.append(escaped)
            }
        }
        throw failure("unterminated quoted string")
    }

    /// `$.a.b[0]..c`; without a `$` from the current value.
    private mutating func path() throws(JSONPath.Failure) -> [JSONPath.Step] {
        var steps: [JSONPath.Step] = []
        if next == "$" {
            at += 1
            steps.append(.root)
        } else if next == "@" {
            at += 1
        }
        let start = at
        while let character = next {
            if character == "." {
                at += 1
                if next == "." {
                    at += 1
                    steps.append(.recursive)
                    if next == "[" { continue }
                }
                if next == "*" {
                    at += 1
                    steps.append(.every)
                } else if let name = name() {
                    steps.append(.field(name))
                }
            } else if character == "[" {
                steps.append(try bracket())
            } else {
                break
            }
        }
        if at == start, steps.isEmpty { throw failure("unrecognized character in action: \(next.map(String.init) ?? "")") }
        return steps
    }

    private mutating func name() -> String? {
        var out = ""
        while let character = next {
            if character == "\\", at + 1 < text.count {
                out.append(text[at + 1])
                at += 2
                continue
            }
            if ".[]{}()=!<>,'\" \n\t".contains(character) { break }
            out.append(character)
            at += 1
        }
        return out.isEmpty ? nil : out
    }

    private mutating func bracket() throws(JSONPath.Failure) -> JSONPath.Step {
        at += 1
        skipBlanks()
        if next == "?" { return try filter() }
        if next == "*" {
            at += 1
            try closeBracket()
            return .every
        }
        if next == "'" || next == "\"" {
            var paths: [[JSONPath.Step]] = []
            while true {
                let key = try quoted()
                paths.append([.field(key)])
                skipBlanks()
                guard next == "," else { break }
                at += 1
                skipBlanks()
            }
            try closeBracket()
            return paths.count == 1 ? paths[0][0] : .union(paths)
        }
        var inner = ""
        while let character = next, character != "]" {
            inner.append(character)
            at += 1
        }
        try closeBracket()
        return try numbers(inner)
    }

    private mutating func closeBracket() throws(JSONPath.Failure) {
        skipBlanks()
        guard next == "]" else { throw failure("unterminated array") }
        at += 1
    }

    /// `0`, `-1`, `0,2`, `1:3`, `::2`, `.a,.b`
    private func numbers(_ text: String) throws(JSONPath.Failure) -> JSONPath.Step {
        if text.contains(":") {
            let words = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0.filter { $0 != " " }) }
            return .slice(words[0], words.count > 1 ? words[1] : nil, words.count > 2 ? words[2] ?? 1 : 1)
        }
        var paths: [[JSONPath.Step]] = []
        for word in text.split(separator: ",") {
            let plain = word.filter { $0 != " " }
            if let index = Int(plain) {
                paths.append([.index(index)])
            } else if plain.hasPrefix(".") {
                var inner = JSONPathParser(plain)
                paths.append(try inner.path())
            } else {
                throw failure("invalid array index \(text)")
            }
        }
        if paths.isEmpty { throw failure("invalid array index \(text)") }
        return paths.count == 1 && paths[0].count == 1 ? paths[0][0] : .union(paths)
    }

    /// `?(@.a=="b")`
    private mutating func filter() throws(JSONPath.Failure) -> JSONPath.Step {
        at += 1
        guard next == "(" else { throw failure("a filter begins with `?('") }
        at += 1
        skipBlanks()
        let left = try operand()
        skipBlanks()
        var op = ""
        while let character = next, "=!<>".contains(character) {
            op.append(character)
            at += 1
        }
        skipBlanks()
        let right: JSONPath.Operand = op.isEmpty ? .nothing : try operand()
        skipBlanks()
        guard next == ")" else { throw failure("unterminated filter") }
        at += 1
        try closeBracket()
        return .filter(left, op, right)
    }

    private mutating func operand() throws(JSONPath.Failure) -> JSONPath.Operand {
        guard let character = next else { throw failure("unterminated filter") }
        if character == "\"" || character == "'" { return .value(.string(try quoted())) }
        if character == "@" || character == "." || character == "$" { return .path(try path()) }
        var word = ""
        while let letter = next, !"=!<>) ".contains(letter) {
            word.append(letter)
            at += 1
        }
        switch word {
        case "true": return .value(.bool(true))
        case "false": return .value(.bool(false))
        default:
            if let number = Int64(word) { return .value(ManifestNode(.integer(number))) }
            if let number = Double(word) { return .value(ManifestNode(.number(number, text: word))) }
            throw failure("unrecognized word \(word) in a filter")
        }
    }
}
