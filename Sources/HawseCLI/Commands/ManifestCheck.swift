import Hawse

/// `hawse check -f`: what the API server would say of each manifest, applied in order to a fresh cluster.
enum ManifestCheck {
    static func findings(_ input: ManifestInput) throws -> [CheckFinding] {
        var loader = ManifestLoader()
        for path in input.filenames { loader.load(path: path, recursive: input.recursive) }
        var findings = loader.diagnostics.map { diagnostic in
            CheckFinding(
                file: diagnostic.file, line: Int(diagnostic.mark.line), column: Int(diagnostic.mark.column), field: diagnostic.field,
                type: diagnostic.severity == .error ? "BadRequest" : "Warning",
                message: diagnostic.message + (diagnostic.suggestion.map { " (did you mean \"\($0)\"?)" } ?? ""),
                isError: diagnostic.severity == .error)
        }
        var state = ClusterState(configuration: ClusterConfiguration.fitting(loader.objects))
        for object in loader.objects {
            do throws(StatusError) { try state.apply(object) } catch { findings += self.findings(error, object) }
        }
        return findings
    }

    private static func findings(_ error: StatusError, _ object: LoadedObject) -> [CheckFinding] {
        let metadata = object.metadata
        func finding(_ mark: SourceMark, _ field: String, _ type: String, _ message: String) -> CheckFinding {
            CheckFinding(
                file: object.file, line: Int(mark.line), column: Int(mark.column), kind: object.kind, namespace: metadata.namespace,
                name: metadata.name, field: field, type: type, message: message)
        }
        if error.causes.isEmpty { return [finding(object.mark, "", error.reason, error.message)] }
        return error.causes.map { finding(object.mark(ofField: $0.field), $0.field, $0.type.rawValue, $0.message) }
    }
}
