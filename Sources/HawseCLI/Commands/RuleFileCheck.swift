import Hawse

/// Checks of the kernel's own tools' files.
enum RuleFileCheck {
    /// Sets that a rule names have to be among `sets`: iptables-restore refuses others.
    static func iptables(_ file: String, family: AddressFamily, sets: [IPSet]) throws -> [CheckFinding] {
        IPTablesParser(family: family, file: file).diagnose(
            try TextFile.read(file), sets: sets, accounts: AccountingObjects.ofKubeProxy, timeouts: []
        ).errors
            .map { finding($0, kind: "rules") }
    }

    static func ipset(_ file: String) throws -> (sets: [IPSet], findings: [CheckFinding]) {
        let (text, errors) = IPSetParser(file: file).diagnose(try TextFile.read(file))
        return (text.sets, errors.map { finding($0, kind: "ipset") })
    }

    static func ipvs(_ file: String) throws -> [CheckFinding] {
        IPVSAdmParser(file: file).diagnose(try TextFile.read(file)).errors.map { finding($0, kind: "ipvs") }
    }

    private static func finding(_ error: FormatError, kind: String) -> CheckFinding {
        CheckFinding(
            file: error.file, line: error.line, column: error.column, kind: kind, type: "Syntax",
            message: error.message + (error.suggestion.map { " (did you mean `\($0)'?)" } ?? ""))
    }
}
