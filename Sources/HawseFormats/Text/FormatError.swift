import HawseModel

/// Why a text was refused: where, what, and the nearest word that would have been understood.
public struct FormatError: Error, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    /// 1-based.
    public var line: Int
    /// 1-based, in characters; 0 when only the line is known.
    public var column: Int
    public var message: String
    /// A known word near the one that was not.
    public var suggestion: String?

    public init(file: String, line: Int, column: Int = 0, message: String, suggestion: String? = nil) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.suggestion = suggestion
    }

    public init(_ location: SourceLocation, _ message: String, suggestion: String? = nil) {
        self.init(
            file: location.file, line: location.line, column: location.column, message: message,
            suggestion: suggestion)
    }

    /// A file's text, or why there is none.
    public static func text(of path: String) throws(FormatError) -> String {
        do throws(WholeFile.Failure) { return try WholeFile.text(path) } catch {
            throw FormatError(file: path, line: 0, message: error.reason)
        }
    }

    public var location: SourceLocation { SourceLocation(file: file, line: line, column: column) }

    public var description: String {
        let hint = suggestion.map { " (did you mean `\($0)'?)" } ?? ""
        return "\(location): \(message)\(hint)"
    }
}
