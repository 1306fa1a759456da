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
                    return (nil, warnings + error.diagnostics.map { placed($0, text) })
                }
            } catch { return (nil, error.diagnostics) }
        }

        /// What follows from several fields stands where the one that it names does, or at the object's beginning.
        private static func placed(_ problem: ManifestDiagnostic, _ text: String) -> ManifestDiagnostic {
            guard problem.mark.line == 0, let root = try? JSONReader.parse(text) else { return problem }
            var result = problem
            result.mark = root.field(problem.field.lowercased())?.mark ?? root.mark
            return result
        }

        /// net-conf.json of ConfigMaps, the nodes' annotations and ranges, and all leases together.
        public static func manifests(_ objects: [LoadedObject]) -> [ManifestDiagnostic] {
            let applied = objects.filter { $0.operation == .apply }
            var problems: [ManifestDiagnostic] = []
            var configuration: NetworkConfiguration?
            for map in applied where map.kind == "ConfigMap" {
                let entries = map.node["data"]?.entries ?? []
                if map.metadata.name.contains("flannel"), let entry = entries.first(where: { $0.key == "cni-conf.json" }),
                    let text = entry.node.text, let damage = damage(text, file: map.file)
                {
                    problems.append(damage.moved(into: entry, text).about(map, field: "data[cni-conf.json]"))
                }
                guard let entry = entries.first(where: { $0.key == "net-conf.json" }), let text = entry.node.text else {
                    if map.metadata.name == "kube-flannel-cfg" { problems.append(missing(map, entries.map(\.key))) }
                    continue
                }
                let (found, wrong) = read(text, file: map.file)
                configuration = configuration ?? found
                problems += wrong.map { $0.moved(into: entry, text).about(map, field: "data[net-conf.json]") }
            }
            var leases: [(lease: Lease, object: LoadedObject)] = []
            for object in applied {
                var check = AnnotationCheck(object)
                check.run()
                if case .known(let known) = object.content, let node = known as? Kubernetes.Node,
                    let lease = lease(of: node, &check, configuration)
                {
                    leases.append((lease, object))
                }
                problems += check.problems
            }
            return problems + together(leases, configuration ?? assumed(leases.map(\.lease)))
        }

        private static func missing(_ map: LoadedObject, _ keys: [String]) -> ManifestDiagnostic {
            let near = keys.first { nearestWord($0, among: ["net-conf.json"]) != nil }
            return ManifestDiagnostic(
                severity: .error, file: map.file, mark: map.mark(ofField: "data"), field: "data",
                message: "has no net-conf.json, without which flanneld does not start" + (near.map { "; there is \"\($0)\"" } ?? "")
            ).about(map)
        }

        /// Where no configuration is at hand, the families that there are leases of, and no bounds.
        private static func assumed(_ leases: [Lease]) -> NetworkConfiguration {
            var configuration = NetworkConfiguration()
            configuration.enableIPv4 = leases.contains { $0.subnet != nil }
            configuration.enableIPv6 = leases.contains { $0.ipv6Subnet != nil }
            return configuration
        }

        /// A node's lease by its annotations; where flannel has not been, by its ranges and address.
        private static func lease(
            of node: Kubernetes.Node, _ check: inout AnnotationCheck, _ configuration: NetworkConfiguration?
        ) -> Lease? {
            let names = NodeAnnotations.usual
            guard check.isManaged else { return plainLease(node, configuration) }
            let ranges = (try? KubernetesSubnetRegistry.podRanges(node)) ?? [:]
            let families = AddressFamily.allCases.filter { configuration?.isEnabled($0) ?? (ranges[$0] != nil) }
            check.demand(families, ranges: ranges)
            let type = check.text(names.backendType) ?? ""
            if let configuration, check.isSound, type != configuration.backend.typeName, !(type.isEmpty && configuration.backend.typeName == "udp") {
                check.wrong(
                    names.backendType, "the lease is of backend \"\(type)\", the network's is \"\(configuration.backend.typeName)\"")
            }
            var effective = configuration ?? NetworkConfiguration()
            if configuration == nil { (effective.enableIPv4, effective.enableIPv6) = (families.contains(.ipv4), families.contains(.ipv6)) }
            let registry = KubernetesSubnetRegistry(nodeName: node.metadata.name, source: NodeCatalogue([node]), configuration: effective)
            guard let lease = try? registry.lease(of: node) else { return plainLease(node, configuration) }
            if case .vxlan(let options)? = configuration?.backend {
                for family in families {
                    guard case .vxlan(let vni, _)? = lease.attributes.data(family), vni != options.vni else { continue }
                    check.wrong(
                        family == .ipv4 ? names.backendData : names.backendV6Data,
                        "VNI \(vni) is not the network's \(options.vni): its peers drop what comes from there", inner: "VNI")
                }
            }
            return lease
        }

        private static func plainLease(_ node: Kubernetes.Node, _ configuration: NetworkConfiguration?) -> Lease? {
            guard let ranges = try? KubernetesSubnetRegistry.podRanges(node), !ranges.isEmpty else { return nil }
            let addresses = node.internalIPs.compactMap { IPAddress($0) }
            var lease = Lease(
                subnet: nil,
                attributes: LeaseAttributes(
                    publicIP: addresses.first { $0.family == .ipv4 }, publicIPv6: addresses.first { $0.family == .ipv6 },
                    backendType: configuration?.backend.typeName ?? ""))
            (lease.subnet, lease.ipv6Subnet) = (ranges[.ipv4], ranges[.ipv6])
            return lease
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

extension ManifestDiagnostic {
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
