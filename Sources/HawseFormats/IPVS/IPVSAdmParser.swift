import HawseModel
import HawseWire

/// Reads ipvsadm command lines: those of `ipvsadm --restore`, and single ones with or without the program's name.
public struct IPVSAdmParser: Sendable {
    /// Named in errors.
    public var file: String

    public init(file: String = "ipvs") { self.file = file }

    /// One command line, as `-A -t 10.0.0.1:80 -s rr` or `ipvsadm -A …`.
    public func command(_ line: some StringProtocol, number: Int = 1) throws(FormatError) -> IPVSCommand {
        let location = SourceLocation(file: file, line: number, column: 1)
        var tokens = try tokenize(line, rules: .shell, at: location)
        if let first = tokens.first, first.text == "ipvsadm" || first.text.hasSuffix("/ipvsadm") {
            tokens.removeFirst()
        }
        var reader = IPVSAdmReader(tokens: tokens, location: location)
        return try reader.command()
    }

    /// The commands of a text in order; blank lines and comments are passed over.
    public func commands(_ text: some StringProtocol) throws(FormatError) -> [IPVSCommand] {
        var commands: [IPVSCommand] = []
        for (number, line) in numberedLines(text) { commands.append(try command(line, number: number)) }
        return commands
    }

    /// The virtual servers after this text.
    public func parse(_ text: some StringProtocol, onto base: IPVSSpec = IPVSSpec()) throws(FormatError)
        -> IPVSSpec
    {
        var spec = base
        for (number, line) in numberedLines(text) {
            try apply(try command(line, number: number), number: number, to: &spec)
        }
        return spec
    }

    /// Reads on after an error: what could be understood, and everything that could not.
    public func diagnose(_ text: some StringProtocol) -> (spec: IPVSSpec, errors: [FormatError]) {
        var spec = IPVSSpec()
        var errors: [FormatError] = []
        for (number, line) in numberedLines(text) {
            do throws(FormatError) {
                try apply(try command(line, number: number), number: number, to: &spec)
            } catch {
                errors.append(error)
            }
        }
        return (spec, errors)
    }

    private func apply(_ command: IPVSCommand, number: Int, to spec: inout IPVSSpec) throws(FormatError) {
        do throws(IPVSEditError) {
            try spec.apply(command)
        } catch {
            throw FormatError(file: file, line: number, message: error.description)
        }
    }

    private func numberedLines<Text: StringProtocol>(_ text: Text) -> [(Int, Text.SubSequence)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { index, line in
            let first = line.first { !$0.isWhitespace }
            return first == nil || first == "#" ? nil : (index + 1, line)
        }
    }
}
