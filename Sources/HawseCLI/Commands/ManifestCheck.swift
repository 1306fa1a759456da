import Foundation
import Hawse

/// `hawse check -f`: what the API server would say of each manifest, created in order in a fresh cluster, with unknown
/// fields refused as `kubectl --validate=strict` has it.
enum ManifestCheck {
    static func findings(_ input: ManifestInput) throws -> [CheckFinding] {
        for path in input.filenames where path != "-" && !FileManager.default.fileExists(atPath: path) {
            throw Failure.input("\(path): no such file or folder")
        }
        var loader = ManifestLoader(strict: true)
        for path in input.filenames { loader.load(path: path, recursive: input.recursive) }
        if loader.objects.isEmpty, loader.diagnostics.isEmpty {
            throw Failure.input("no objects in \(input.filenames.joined(separator: ", "))")
        }
        let warnings = loader.diagnostics.filter { $0.severity == .warning }.map { diagnostic in
            CheckFinding(
                file: diagnostic.file, line: Int(diagnostic.mark.line), column: Int(diagnostic.mark.column),
                field: diagnostic.field, type: "Warning", message: diagnostic.message + hint(diagnostic.suggestion),
                isError: false)
        }
        let all =
            warnings
            + ManifestAdmission.findings(loader).findings.map { finding in
                CheckFinding(
                    file: finding.file, line: Int(finding.mark.line), column: Int(finding.mark.column),
                    kind: finding.kind, namespace: finding.namespace, name: finding.name, field: finding.field,
                    type: finding.type, message: finding.message + hint(finding.suggestion))
            } + (Flannel.Check.manifests(loader.objects) + Flannel.Check.policies(loader.objects)).map { finding($0, "Flannel") }
            + LooseEnds.findings(loader.objects).map { finding($0, "LooseEnd") }
        // In the order of the files, and of the lines in each; what stands at one place stays in its order.
        let files = Dictionary(loader.files.enumerated().map { ($0.element, $0.offset) }, uniquingKeysWith: { first, _ in first })
        return all.enumerated().sorted {
            let (a, b) = ($0.element, $1.element)
            return (files[a.file] ?? 0, a.line, a.column, $0.offset) < (files[b.file] ?? 0, b.line, b.column, $1.offset)
        }.map(\.element)
    }

    static func networkConfiguration(_ file: String) throws -> [CheckFinding] {
        Flannel.Check.networkConfiguration(try TextFile.read(file), file: file).map { finding($0, "Flannel") }
    }

    static func subnetEnvironment(_ file: String) throws -> [CheckFinding] {
        Flannel.Check.subnetEnvironment(try TextFile.read(file), file: file).map { finding($0, "Flannel") }
    }

    /// Of the checks that are not the API server's.
    private static func finding(_ diagnostic: ManifestDiagnostic, _ type: String) -> CheckFinding {
        CheckFinding(
            file: diagnostic.file, line: Int(diagnostic.mark.line), column: Int(diagnostic.mark.column),
            kind: diagnostic.object?.kind ?? "", namespace: diagnostic.object?.namespace ?? "", name: diagnostic.object?.name ?? "",
            field: diagnostic.field, type: type, message: diagnostic.message + hint(diagnostic.suggestion),
            isError: diagnostic.severity == .error)
    }

    private static func hint(_ suggestion: String?) -> String { suggestion.map { " (did you mean \"\($0)\"?)" } ?? "" }
}
