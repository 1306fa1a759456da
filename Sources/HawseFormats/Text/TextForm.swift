import HawseModel

/// What editors and shells of other systems do to a tool's text, told by name.
enum TextForm {
    /// What a tool refuses of a text's beginning: a byte order mark, or bytes that are no text at all (`isWhole`).
    static func refusal(
        _ bytes: UnsafeBufferPointer<UInt8>, file: String, tool: String
    ) -> (error: FormatError, isWhole: Bool)? {
        if bytes.starts(with: byteOrderMark) {
            return (FormatError(file: file, line: 1, column: 1, message: "a byte order mark (BOM) stands in front, which \(tool) refuses"), false)
        }
        guard let zero = bytes.prefix(4096).firstIndex(of: 0) else { return nil }
        let line = bytes[..<zero].reduce(1) { $1 == 0x0a ? $0 + 1 : $0 }
        // Every other byte of UTF-16 is zero where the text is English.
        let isWide = bytes.count > 3 && bytes[bytes.count > 6 ? 7 : 1] == 0
        return (FormatError(file: file, line: line, message: isWide ? "this is UTF-16: UTF-8 is wanted" : "this is no text: there are zero bytes in it"), true)
    }

    /// The same of a whole text.
    static func refusal(_ text: some StringProtocol, file: String, tool: String) -> (error: FormatError, isWhole: Bool)? {
        var text = String(text)
        return text.withUTF8 { refusal($0, file: file, tool: tool) }
    }

    static func carriageReturn(file: String, line: Int, column: Int) -> FormatError {
        FormatError(
            file: file, line: line, column: column,
            message: "the line ends in a carriage return (CR LF, as Windows has it), which iptables-restore takes for a part of the last word")
    }
}
