import HawseModel
import HawseWire

extension Flannel {
    /// What is wrong with flannel's annotations of one object, whether or not a configuration is at hand: each by its name and
    /// place.
    struct AnnotationCheck {
        private let object: LoadedObject
        private let names = NodeAnnotations.usual
        /// Annotations with a text, in their order.
        private let entries: [(name: String, text: String, entry: ManifestNode.Entry)]
        private(set) var problems: [ManifestDiagnostic] = []

        init(_ object: LoadedObject) {
            self.object = object
            let prefix = names.prefix
            entries = (object.node["metadata"]?["annotations"]?.entries ?? []).compactMap { entry in
                entry.key.hasPrefix(prefix) ? entry.node.text.map { (entry.key, $0, entry) } : nil
            }
        }

        func text(_ name: String) -> String? { entries.last { $0.name == name }?.text }
        /// Whether flannel takes the node for one of its own.
        var isManaged: Bool { text(names.kubeManaged) == "true" }
        var isSound: Bool { !problems.contains { $0.severity == .error } }

        mutating func wrong(
            _ annotation: String, _ message: String, _ suggestion: String? = nil, inner: String = "",
            severity: ManifestDiagnostic.Severity = .error
        ) {
            problems.append(
                ManifestDiagnostic(
                    severity: severity, file: object.file, mark: object.mark(ofAnnotation: annotation),
                    field: "metadata.annotations[\(annotation)]" + (inner.isEmpty ? "" : "." + inner), message: message,
                    suggestion: suggestion
                ).about(object))
        }

        mutating func run() {
            guard object.kind == "Node" else {
                for entry in entries {
                    wrong(entry.name, "flannel reads annotations of Nodes, not of a \(object.kind)", severity: .warning)
                }
                return
            }
            let type = text(names.backendType)
            for (name, text, _) in entries {
                switch name {
                case names.kubeManaged:
                    if text != "true", text != "false" { wrong(name, "\"\(text)\" is neither true nor false") }
                case names.backendType: checkType(text)
                case names.backendData, names.backendV6Data: checkData(name, text, type)
                case names.publicIP, names.nodePublicIP, names.publicIPOverwrite: checkAddress(name, text, .ipv4)
                case names.publicIPv6, names.nodePublicIPv6, names.publicIPv6Overwrite: checkAddress(name, text, .ipv6)
                default:
                    wrong(
                        name, "flannel does not know this annotation and passes over it", nearestWord(name, among: names.all),
                        severity: .warning)
                }
            }
        }

        /// What a node that flannel manages must have, for a family of the network.
        mutating func demand(_ families: [AddressFamily], ranges: [AddressFamily: IPPrefix]) {
            if text(names.backendType) == nil { wrong(names.backendType, "is missing") }
            for family in families {
                let address = family == .ipv4 ? names.publicIP : names.publicIPv6
                if text(address) == nil { wrong(address, "is missing") }
                if ranges[family] == nil {
                    problems.append(
                        ManifestDiagnostic(
                            severity: .error, file: object.file, mark: object.mark(ofField: "spec.podCIDRs"),
                            field: "spec.podCIDRs", message: "has no \(family.title) range"
                        ).about(object))
                }
            }
        }

        private mutating func checkType(_ text: String) {
            // The udp backend notes an empty type.
            guard !text.isEmpty, !Backend.typeNames.contains(text) else { return }
            wrong(names.backendType, "\"\(text)\" is no backend", nearestWord(text, among: Backend.typeNames))
        }

        private mutating func checkData(_ name: String, _ text: String, _ type: String?) {
            let known = type.flatMap { Backend.typeNames.contains($0) ? $0 : nil }
            // Where the type is missing or wrong itself, a VTEP tells it.
            let guess = known ?? (text.lowercased().contains("vtepmac") ? "vxlan" : "")
            let (data, found) = BackendData.judge(text, backendType: guess, field: "", file: object.file)
            for problem in found {
                wrong(name, problem.message, problem.suggestion, inner: problem.field, severity: problem.severity)
            }
            if data == nil, found.isEmpty, known == "vxlan" || known == "wireguard" {
                wrong(name, "holds nothing: peers of the \(guess) backend cannot reach the node", severity: .warning)
            }
        }

        private mutating func checkAddress(_ name: String, _ text: String, _ family: AddressFamily) {
            // Nodes without IPv4 are known as 0.0.0.0.
            guard let address = IPAddress(text), address.family == family else {
                return wrong(name, "\"\(text)\" is no \(family.title) address")
            }
            if address.isMulticast || address.isLoopback {
                wrong(name, "\(address) is no address that peers could send to")
            }
        }
    }
}

extension LoadedObject {
    /// Where an annotation stands; the names of some have dots.
    func mark(ofAnnotation name: String) -> SourceMark {
        node["metadata"]?["annotations"]?.entries?.last { $0.key == name }?.mark ?? mark(ofField: "metadata.annotations")
    }
}

extension ManifestDiagnostic {
    func about(_ object: LoadedObject, field outer: String = "") -> ManifestDiagnostic {
        var result = self
        result.file = object.file
        result.object = ObjectIdentity(kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name)
        if !outer.isEmpty { result.field = field.isEmpty ? outer : "\(outer).\(field)" }
        return result
    }
}
