/// `kubectl describe` of Endpoints, EndpointSlices, Ingresses and network policies.
enum NetworkDescription {
    /// False for a kind that is not of these.
    static func write(_ object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) -> Bool {
        switch object {
        case let endpoints as Kubernetes.Endpoints: write(endpoints, &writer)
        case let slice as Kubernetes.EndpointSlice: write(slice, &writer)
        case let ingress as Kubernetes.Ingress: write(ingress, state, &writer)
        case let policy as Kubernetes.NetworkPolicy: write(policy, &writer)
        case let type as Kubernetes.IngressClass:
            labels(type.metadata, &writer)
            writer.line("Controller", type.spec.controller)
        case let space as Kubernetes.Namespace:
            labels(space.metadata, &writer)
            writer.line("Status", space.status.phase)
            for line in ["", "No resource quota.", "", "No LimitRange resource."] { writer.plain(line) }
        default: return false
        }
        return true
    }

    private static func labels(_ metadata: Kubernetes.ObjectMeta, _ writer: inout DescriptionWriter) {
        writer.map("Labels", metadata.labels)
        writer.map("Annotations", metadata.annotations, separator: ": ")
    }

    private static func ports(_ ports: [(name: String?, number: Int?, transport: String)], _ writer: inout DescriptionWriter) {
        writer.table(
            ["Name", "Port", "Protocol"],
            ports.map { port in
                let name = port.name ?? ""
                return [name.isEmpty ? "<unset>" : name, port.number.map(String.init) ?? "<unset>", port.transport]
            })
    }

    private static func write(_ endpoints: Kubernetes.Endpoints, _ writer: inout DescriptionWriter) {
        labels(endpoints.metadata, &writer)
        writer.line("Subsets")
        for subset in endpoints.subsets {
            for (label, list) in [("Addresses", subset.addresses), ("NotReadyAddresses", subset.notReadyAddresses)] {
                writer.line(label, list.isEmpty ? "<none>" : list.map(\.ip).joined(separator: ","), indent: 1)
            }
            if subset.ports.isEmpty {
                writer.line("Ports", "<unset>", indent: 1)
            } else {
                writer.line("Ports", indent: 1)
                ports(subset.ports.map { ($0.name, $0.port, $0.protocol.rawValue) }, &writer)
            }
        }
    }

    private static func write(_ slice: Kubernetes.EndpointSlice, _ writer: inout DescriptionWriter) {
        labels(slice.metadata, &writer)
        writer.line("AddressType", slice.addressType)
        if slice.ports.isEmpty {
            writer.line("Ports", "<unset>")
        } else {
            writer.line("Ports")
            ports(slice.ports.map { ($0.name, $0.port, $0.protocol?.rawValue ?? "TCP") }, &writer)
        }
        writer.line("Endpoints", slice.endpoints.isEmpty ? "<none>" : "")
        for endpoint in slice.endpoints {
            writer.line("- Addresses", endpoint.addresses.joined(separator: ", "), indent: 1)
            writer.line("Conditions", indent: 2)
            writer.line("Ready", endpoint.conditions.ready.map(String.init) ?? "<unset>", indent: 3)
            writer.line("Hostname", endpoint.hostname ?? "<unset>", indent: 2)
            if let target = endpoint.targetRef { writer.line("TargetRef", "\(target.kind)/\(target.name)", indent: 2) }
            writer.line("NodeName", endpoint.nodeName ?? "<unset>", indent: 2)
            writer.line("Zone", endpoint.zone ?? "<unset>", indent: 2)
        }
    }

    // MARK: Ingress

    private static func write(_ ingress: Kubernetes.Ingress, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        writer.map("Labels", ingress.metadata.labels)
        writer.line("Address", ResourceColumns.addresses(ingress.status.loadBalancer, isWide: true))
        writer.line("Ingress Class", ingress.spec.ingressClassName ?? "<none>")
        let space = ingress.metadata.namespace
        writer.line("Default backend", ingress.spec.defaultBackend.map { backend($0, space, state) } ?? "<default>")
        if !ingress.spec.tls.isEmpty {
            writer.line("TLS")
            for entry in ingress.spec.tls {
                let secret = entry.secretName.isEmpty ? "SNI routes" : "\(entry.secretName) terminates"
                writer.plain("\(secret) \(entry.hosts.joined(separator: ","))", indent: 1)
            }
        }
        writer.line("Rules")
        var rows: [[String]] = []
        for rule in ingress.spec.rules {
            rows.append([rule.host.isEmpty ? "*" : rule.host, "", ""])
            for path in rule.http?.paths ?? [] { rows.append(["", path.path, backend(path.backend, space, state)]) }
        }
        if ingress.spec.rules.isEmpty {
            rows.append(["*", "*", ingress.spec.defaultBackend.map { backend($0, space, state) } ?? "<default>"])
        }
        writer.table(["Host", "Path", "Backends"], rows, indent: 1)
        writer.map("Annotations", ingress.metadata.annotations, separator: ": ")
    }

    /// `web:80 (10.244.0.2:8080,10.244.1.2:8080)`
    private static func backend(_ backend: Kubernetes.IngressBackend, _ namespace: String, _ state: ClusterState) -> String {
        guard let service = backend.service else {
            return backend.resource.map { "\($0.kind)/\($0.name)" } ?? "<none>"
        }
        let port = service.port.name.isEmpty ? String(service.port.number) : service.port.name
        let key = ObjectKey(namespace: namespace, name: service.name)
        guard let known = state.store.services[key] else {
            return "\(service.name):\(port) (<error: services \"\(service.name)\" not found>)"
        }
        let chosen = known.spec.ports.first { $0.name == port || String($0.port) == port }
        let addresses = state.store.slices(of: key).flatMap { slice -> [String] in
            let number = slice.ports.first { ($0.name ?? "") == chosen?.name ?? "" }?.port
            return slice.endpoints.filter { $0.conditions.ready ?? true }.compactMap { endpoint in
                guard let number, let address = endpoint.addresses.first else { return nil }
                return address.contains(":") ? "[\(address)]:\(number)" : "\(address):\(number)"
            }
        }
        let shown = addresses.prefix(3).joined(separator: ",") + (addresses.count > 3 ? " + \(addresses.count - 3) more..." : "")
        return "\(service.name):\(port) (\(shown))"
    }

    // MARK: Network policies

    private static func write(_ policy: Kubernetes.NetworkPolicy, _ writer: inout DescriptionWriter) {
        if let time = policy.metadata.creationTimestamp { writer.line("Created on", time.text) }
        labels(policy.metadata, &writer)
        writer.line("Spec")
        let selector = policy.spec.podSelector
        let everybody = "<none> (Allowing the specific traffic to all pods in this namespace)"
        writer.line("PodSelector", selector.isEmpty ? everybody : ResourceColumns.selector(selector), indent: 1)
        let types = policy.spec.policyTypes
        for (word, side, label, rules) in [
            ("Ingress", "ingress", "From", policy.spec.ingress.map { ($0.ports, $0.from) }),
            ("Egress", "egress", "To", policy.spec.egress.map { ($0.ports, $0.to) }),
        ] {
            guard types.contains(word) else {
                writer.plain("Not affecting \(side) traffic", indent: 1)
                continue
            }
            writer.line("Allowing \(side) traffic", indent: 1)
            if rules.isEmpty {
                let what = side == "ingress" ? "Selected pods are isolated for ingress connectivity" : "Selected pods are isolated for egress connectivity"
                writer.plain("<none> (\(what))", indent: 2)
            }
            for (number, rule) in rules.enumerated() {
                write(rule.0, rule.1, label, &writer)
                if number + 1 < rules.count { writer.plain("----------", indent: 2) }
            }
        }
        writer.line("Policy Types", types.joined(separator: ", "), indent: 1)
    }

    private static func write(
        _ ports: [Kubernetes.NetworkPolicyPort], _ peers: [Kubernetes.NetworkPolicyPeer], _ label: String,
        _ writer: inout DescriptionWriter
    ) {
        if ports.isEmpty { writer.plain("To Port: <any> (traffic allowed to all ports)", indent: 2) }
        for port in ports {
            writer.plain("To Port: \(port.port.map { "\($0)" } ?? "<any>")/\(port.protocol?.rawValue ?? "TCP")", indent: 2)
        }
        if peers.isEmpty {
            writer.plain("\(label): <any> (traffic not restricted by \(label == "From" ? "source" : "destination"))", indent: 2)
            return
        }
        for peer in peers {
            writer.plain("\(label):", indent: 2)
            if let selector = peer.namespaceSelector {
                writer.plain("NamespaceSelector: \(ResourceColumns.selector(selector))", indent: 3)
            }
            if let selector = peer.podSelector { writer.plain("PodSelector: \(ResourceColumns.selector(selector))", indent: 3) }
            if let block = peer.ipBlock {
                writer.plain("IPBlock:", indent: 3)
                writer.plain("CIDR: \(block.cidr)", indent: 4)
                writer.plain("Except: \(block.except.joined(separator: ", "))", indent: 4)
            }
        }
    }
}

/// `kubectl describe` of ConfigMaps and Secrets.
enum DataDescription {
    static func write(_ map: Kubernetes.ConfigMap, _ writer: inout DescriptionWriter) {
        writer.plain("")
        writer.plain("Data")
        writer.plain("====")
        for (key, value) in map.data.sorted(by: { $0.key < $1.key }) {
            writer.plain("\(key):")
            writer.plain("----")
            writer.plain(value)
            writer.plain("")
        }
        writer.plain("")
        writer.plain("BinaryData")
        writer.plain("====")
        for (key, value) in map.binaryData.sorted(by: { $0.key < $1.key }) {
            writer.plain("\(key): \(value.byteCount) bytes")
        }
        writer.plain("")
    }

    static func write(_ secret: Kubernetes.Secret, _ writer: inout DescriptionWriter) {
        writer.plain("")
        writer.line("Type", secret.type.isEmpty ? "Opaque" : secret.type)
        writer.plain("")
        writer.plain("Data")
        writer.plain("====")
        let keys = Set(secret.data.keys).union(secret.stringData.keys).sorted()
        for key in keys {
            writer.line(key, "\(secret.stringData[key]?.utf8.count ?? secret.data[key]?.byteCount ?? 0) bytes")
        }
    }
}
