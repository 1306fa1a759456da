import Hawse

/// Checks of the kernel's own tools' files.
enum RuleFileCheck {
    static func iptables(_ file: String, family: AddressFamily) throws -> [CheckFinding] {
        let text = try read(file)
        return IPTablesParser(family: family, file: file).diagnose(text, accounts: AccountingObjects.ofKubeProxy).errors.map { finding($0, kind: "rules") }
    }

    static func ipset(_ file: String) throws -> [CheckFinding] {
        IPSetParser(file: file).diagnose(try read(file)).errors.map { finding($0, kind: "ipset") }
    }

    static func ipvs(_ file: String) throws -> [CheckFinding] {
        IPVSAdmParser(file: file).diagnose(try read(file)).errors.map { finding($0, kind: "ipvs") }
    }

    static func read(_ file: String) throws -> String {
        guard let text = TextFile.read(file) else { throw Failure.input("\(file): cannot be read") }
        return text
    }

    private static func finding(_ error: FormatError, kind: String) -> CheckFinding {
        CheckFinding(
            file: error.file, line: error.line, column: error.column, kind: kind, type: "Syntax",
            message: error.message + (error.suggestion.map { " (did you mean `\($0)'?)" } ?? ""))
    }
}
