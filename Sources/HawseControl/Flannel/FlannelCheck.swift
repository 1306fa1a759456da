import HawseModel
import HawseWire

extension Flannel {
    /// What is wrong with flannel's part of manifests and files, by file, line and column.
    public enum Check {
        /// net-conf.json in a file of its own.
        public static func networkConfiguration(_ text: String, file: String) -> [ManifestDiagnostic] {
            read(text, file: file).problems
        }

        /// subnet.env.
        public static func subnetEnvironment(_ text: String, file: String) -> [ManifestDiagnostic] {
            do throws(ConfigurationError) {
                _ = try SubnetEnvironment.read(text, file: file)
                return []
            } catch { return error.diagnostics }
        }

        /// What makes a text no JSON: the runtime reads cni-conf.json, flannel hands it over as it is.
        private static func damage(_ text: String, file: String) -> ManifestDiagnostic? {
            do throws(JSONReader.Failure) {
                _ = try JSONReader.parse(text)
                return nil
            } catch {
                return ManifestDiagnostic(severity: .error, file: file, mark: error.mark, field: "", message: "no JSON: \(error.reason)")
            }
        }

        private static func read(
            _ text: String, file: String
        ) -> (configuration: NetworkConfiguration?, problems: [ManifestDiagnostic]) {
            do throws(ConfigurationError) {
                let (configuration, warnings) = try NetworkConfiguration.read(text, file: file)
                do throws(ConfigurationError) { return (try configuration.completed(file: file), warnings) } catch {
                    return (nil, warnings + error.diagnostics)
                }
            } catch { return (nil, error.diagnostics) }
        }

        /// kube-flannel's ConfigMap, the nodes' annotations and ranges, and all leases together.
        public static func manifests(_ objects: [LoadedObject]) -> [ManifestDiagnostic] {
            let applied = objects.filter { $0.operation == .apply }
            var problems: [ManifestDiagnostic] = []
            var configuration: NetworkConfiguration?
            for map in applied where map.kind == "ConfigMap" && map.metadata.name.contains("flannel") {
                let entries = map.node["data"]?.entries ?? []
                if let entry = entries.first(where: { $0.key == "cni-conf.json" }), let text = entry.node.text,
                    let damage = damage(text, file: map.file)
                {
                    problems.append(damage.moved(into: entry, text).about(map, field: "data[cni-conf.json]"))
                }
                guard let entry = entries.first(where: { $0.key == "net-conf.json" }), let text = entry.node.text else { continue }
                let (found, wrong) = read(text, file: map.file)
                configuration = configuration ?? found
                problems += wrong.map { $0.moved(into: entry, text).about(map, field: "data[net-conf.json]") }
            }
            guard let configuration else { return problems }
            var leases: [(lease: Lease, object: LoadedObject)] = []
            for object in applied where object.kind == "Node" {
                guard case .known(let known) = object.content, let node = known as? Kubernetes.Node else { continue }
                let (lease, wrong) = lease(of: node, object, configuration)
                problems += wrong
                if let lease { leases.append((lease, object)) }
            }
            return problems + together(leases, configuration)
        }

        /// A node's lease by its annotations; where flannel has not been, by its ranges and address.
        private static func lease(
            of node: Kubernetes.Node, _ object: LoadedObject, _ configuration: NetworkConfiguration
        ) -> (Lease?, [ManifestDiagnostic]) {
            let names = NodeAnnotations.usual
            var problems: [ManifestDiagnostic] = []
            func wrong(_ annotation: String, _ message: String, _ suggestion: String? = nil, severity: ManifestDiagnostic.Severity = .error) {
                problems.append(
                    ManifestDiagnostic(
                        severity: severity, file: object.file, mark: object.mark(ofAnnotation: annotation),
                        field: "metadata.annotations[\(annotation)]", message: message, suggestion: suggestion
                    ).about(object))
            }
            for name in node.metadata.annotations.keys.sorted() where name.hasPrefix(names.prefix) && !names.all.contains(name) {
                wrong(name, "flannel does not know this annotation and passes over it", nearestWord(name, among: names.all), severity: .warning)
            }
            let registry = KubernetesSubnetRegistry(
                nodeName: node.metadata.name, source: NodeCatalogue([node]), configuration: configuration)
            for family in AddressFamily.allCases {
                do throws(RegistryError) { _ = try registry.storedPublicAddress(family) } catch {
                    problems.append(diagnostic(error, object))
                }
            }
            guard node.metadata.annotations[names.kubeManaged] == "true" else {
                return (plainLease(node, configuration), problems)
            }
            let type = node.metadata.annotations[names.backendType] ?? ""
            let known = Backend.typeNames
            if !known.contains(type) {
                wrong(names.backendType, "\"\(type)\" is no backend", nearestWord(type, among: known))
                return (nil, problems)
            }
            do throws(RegistryError) {
                let lease = try registry.lease(of: node)
                if type != configuration.backend.typeName {
                    wrong(names.backendType, "the lease is of backend \"\(type)\", the network's is \"\(configuration.backend.typeName)\"")
                }
                for family in AddressFamily.allCases where configuration.isEnabled(family) {
                    if case .vxlan(let options) = configuration.backend, case .vxlan(let vni, _)? = lease.attributes.data(family),
                        vni != options.vni
                    {
                        let name = family == .ipv4 ? names.backendData : names.backendV6Data
                        wrong(name, "VNI \(vni) is not the network's \(options.vni): its peers drop what comes from there")
                    }
                }
                return (lease, problems)
            } catch { return (nil, problems + [diagnostic(error, object)]) }
        }

        private static func plainLease(_ node: Kubernetes.Node, _ configuration: NetworkConfiguration) -> Lease? {
            guard let ranges = try? KubernetesSubnetRegistry.podRanges(node), !ranges.isEmpty else { return nil }
            let addresses = node.internalIPs.compactMap { IPAddress($0) }
            var lease = Lease(
                subnet: nil,
                attributes: LeaseAttributes(
                    publicIP: addresses.first { $0.family == .ipv4 }, publicIPv6: addresses.first { $0.family == .ipv6 },
                    backendType: configuration.backend.typeName))
            (lease.subnet, lease.ipv6Subnet) = (ranges[.ipv4], ranges[.ipv6])
            return lease
        }

        private static func diagnostic(_ error: RegistryError, _ object: LoadedObject) -> ManifestDiagnostic {
            var (field, message) = ("", error.description)
            switch error {
            case .node(_, let place, let what): (field, message) = (place, what)
            case .configuration(let wrong):
                if let first = wrong.diagnostics.first { (field, message) = (first.field, first.message) }
            default: break
            }
            let annotation = field.firstRange(of: "annotations[").map { String(field[$0.upperBound...].dropLast()) }
            let mark = annotation.map { object.mark(ofAnnotation: $0) } ?? object.mark(ofField: field)
            return ManifestDiagnostic(severity: .error, file: object.file, mark: mark, field: field, message: message)
                .about(object)
        }

        /// Colliding leases and the like: at the node that comes last.
        private static func together(
            _ leases: [(lease: Lease, object: LoadedObject)], _ configuration: NetworkConfiguration
        ) -> [ManifestDiagnostic] {
            configuration.findings(leases.map(\.lease)).map { finding in
                func isMeant(_ lease: Lease) -> Bool {
                    let texts = [lease.subnet, lease.ipv6Subnet].compactMap { $0?.network }.map { "\($0)" }
                    let words = finding.message.split { $0 == " " || $0 == "," }
                    return texts.contains { text in words.contains { $0 == text } }
                }
                guard let place = leases.last(where: { isMeant($0.lease) })?.object ?? leases.last?.object else {
                    return ManifestDiagnostic(severity: .error, file: "", mark: .none, field: "", message: finding.message)
                }
                return ManifestDiagnostic(
                    severity: .error, file: place.file, mark: place.mark(ofField: "spec.podCIDR"), field: "spec.podCIDR",
                    message: finding.description
                ).about(place)
            }
        }
    }
}

extension LoadedObject {
    /// Where an annotation stands; the names of some have dots.
    fileprivate func mark(ofAnnotation name: String) -> SourceMark {
        node["metadata"]?["annotations"]?.entries?.first { $0.key == name }?.mark ?? mark(ofField: "metadata.annotations")
    }
}

extension ManifestDiagnostic {
    fileprivate func about(_ object: LoadedObject, field outer: String = "") -> ManifestDiagnostic {
        var result = self
        result.file = object.file
        result.object = ObjectIdentity(kind: object.kind, namespace: object.metadata.namespace, name: object.metadata.name)
        if !outer.isEmpty { result.field = field.isEmpty ? outer : "\(outer).\(field)" }
        return result
    }

    /// A place in a text that itself stands in a manifest: in a block (`|`) its lines are the file's, one level further in.
    fileprivate func moved(into entry: ManifestNode.Entry, _ text: String) -> ManifestDiagnostic {
        var result = self
        let isBlock = text.hasSuffix("\n") && mark.line > 0
        result.mark =
            isBlock
            ? SourceMark(line: Int(entry.node.mark.line + mark.line), column: Int(entry.mark.column + mark.column + 1))
            : entry.node.mark
        return result
    }
}
