/// `kubectl describe` of Endpoints, EndpointSlices, Ingresses and network policies.
enum NetworkDescription {
    /// False for a kind that is not of these.
    static func write(_ object: any KubernetesObject, _ state: ClusterState, _ writer: inout DescriptionWriter) -> Bool {
        switch object {
        case let endpoints as Kubernetes.Endpoints: write(endpoints, &writer)
        case let slice as Kubernetes.EndpointSlice: write(slice, &writer)
        case let ingress as Kubernetes.Ingress: write(ingress, state, &writer)
        case let policy as Kubernetes.NetworkPolicy: write(policy, &writer)
        case let type as Kubernetes.IngressClass: write(type, &writer)
        case let space as Kubernetes.Namespace: write(space, &writer)
        case let range as Kubernetes.ServiceCIDR: write(range, &writer)
        case let address as Kubernetes.IPAddress: write(address, &writer)
        default: return false
        }
        return true
    }

    private static func write(_ type: Kubernetes.IngressClass, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(type, &writer)
        writer.line("Controller", type.spec.controller)
        guard let parameters = type.spec.parameters else { return }
        writer.heading("Parameters")
        if let group = parameters.apiGroup { writer.line("APIGroup", group, 1) }
        writer.line("Kind", parameters.kind, 1)
        writer.line("Name", parameters.name, 1)
    }

    private static func write(_ space: Kubernetes.Namespace, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(space, &writer)
        writer.line("Status", space.status.phase)
        transitions(space.status.conditions, &writer)
        for line in ["", "No resource quota.", "", "No LimitRange resource."] { writer.plain(line) }
    }

    private static func write(_ range: Kubernetes.ServiceCIDR, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(range, &writer)
        writer.line("CIDRs", range.spec.cidrs.joined(separator: ", "))
        if range.status.conditions.isEmpty { return }
        writer.heading("Status")
        transitions(range.status.conditions, &writer)
    }

    private static func transitions(_ conditions: [Kubernetes.Condition], _ writer: inout DescriptionWriter) {
        if conditions.isEmpty { return }
        writer.heading("Conditions")
        writer.header(["Type", "Status", "LastTransitionTime", "Reason", "Message"])
        for condition in conditions {
            writer.row([
                condition.type, condition.status, condition.lastTransitionTime?.longText ?? "", condition.reason,
                condition.message,
            ])
        }
    }

    private static func write(_ address: Kubernetes.IPAddress, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(address, &writer)
        guard let parent = address.spec.parentRef else { return }
        writer.heading("Parent Reference")
        writer.line("Group", parent.group, 1)
        writer.line("Resource", parent.resource, 1)
        writer.line("Namespace", parent.namespace, 1)
        writer.line("Name", parent.name, 1)
    }

    private static func ports(
        _ ports: [(name: String?, number: Int?, transport: String)], _ level: Int, _ writer: inout DescriptionWriter
    ) {
        writer.header(["Name", "Port", "Protocol"], level)
        for port in ports {
            let name = port.name ?? ""
            writer.row([name.isEmpty ? "<unset>" : name, port.number.map { String($0) } ?? "<unset>", port.transport], level)
        }
    }

    private static func write(_ endpoints: Kubernetes.Endpoints, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(endpoints, &writer)
        writer.heading("Subsets")
        for subset in endpoints.subsets {
            for (label, list) in [("Addresses", subset.addresses), ("NotReadyAddresses", subset.notReadyAddresses)] {
                writer.line(label, list.isEmpty ? "<none>" : list.map(\.ip).joined(separator: ","), 1)
            }
            if !subset.ports.isEmpty {
                writer.heading("Ports", 1)
                ports(subset.ports.map { ($0.name, $0.port, $0.protocol.rawValue) }, 2, &writer)
            }
            writer.plain("")
        }
    }

    private static func write(_ slice: Kubernetes.EndpointSlice, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(slice, &writer)
        writer.line("AddressType", slice.addressType)
        writer.plain(slice.ports.isEmpty ? "Ports: <unset>" : "Ports:")
        if !slice.ports.isEmpty { ports(slice.ports.map { ($0.name, $0.port, $0.protocol?.rawValue ?? "TCP") }, 1, &writer) }
        writer.plain(slice.endpoints.isEmpty ? "Endpoints: <none>" : "Endpoints:")
        for endpoint in slice.endpoints {
            writer.line("- Addresses", endpoint.addresses.isEmpty ? "<none>" : endpoint.addresses.joined(separator: ", "), 1)
            writer.heading("Conditions", 2)
            writer.line("Ready", endpoint.conditions.ready.map { String($0) } ?? "<unset>", 3)
            writer.line("Hostname", endpoint.hostname ?? "<unset>", 2)
            if let target = endpoint.targetRef { writer.line("TargetRef", "\(target.kind)/\(target.name)", 2) }
            writer.line("NodeName", endpoint.nodeName ?? "<unset>", 2)
            writer.line("Zone", endpoint.zone ?? "<unset>", 2)
        }
    }

    // MARK: Ingress

    private static func write(_ ingress: Kubernetes.Ingress, _ state: ClusterState, _ writer: inout DescriptionWriter) {
        let (spec, space) = (ingress.spec, ingress.metadata.namespace)
        writer.line("Name", ingress.metadata.name)
        writer.labels(ingress.metadata.labels)
        writer.line("Namespace", space)
        writer.line("Address", ResourceColumns.addresses(ingress.status.loadBalancer))
        writer.line("Ingress Class", spec.ingressClassName ?? "<none>")
        let otherwise = spec.defaultBackend.map { backend($0, space, state) } ?? "<default>"
        writer.line("Default backend", otherwise)
        if !spec.tls.isEmpty { writer.heading("TLS") }
        for entry in spec.tls {
            let secret = entry.secretName.isEmpty ? "SNI routes" : "\(entry.secretName) terminates"
            writer.plain("\(secret) \(entry.hosts.joined(separator: ","))", 1)
        }
        writer.heading("Rules")
        writer.header(["Host", "Path", "Backends"])
        let rules = spec.rules.filter { $0.http != nil }
        for rule in rules {
            writer.row([rule.host.isEmpty ? "*" : rule.host, ""])
            for path in rule.http?.paths ?? [] {
                writer.row(["", "\(path.path) ", backend(path.backend, space, state)], 2)
            }
        }
        if rules.isEmpty { writer.row(["*", "*", otherwise]) }
        writer.annotations(ingress.metadata.annotations)
    }

    /// `web:80 (10.244.0.2:8080,10.244.1.2:8080)`
    private static func backend(_ backend: Kubernetes.IngressBackend, _ namespace: String, _ state: ClusterState) -> String {
        guard let service = backend.service else {
            guard let resource = backend.resource else { return "" }
            return "APIGroup: \(resource.apiGroup ?? "<none>"), Kind: \(resource.kind), Name: \(resource.name)"
        }
        let port = service.port.name.isEmpty ? String(service.port.number) : service.port.name
        let key = ObjectKey(namespace: namespace, name: service.name)
        guard let known = state.store.services[key] else {
            return "\(service.name):\(port) (<error: services \"\(service.name)\" not found>)"
        }
        let chosen = known.spec.ports.last { ($0.port == service.port.number && $0.port != 0) || (!$0.name.isEmpty && $0.name == service.port.name) }
        return "\(service.name):\(port) (\(ServiceDescription.endpoints(state.store.slices(of: key), chosen?.name ?? "")))"
    }

    // MARK: Network policies

    private static func write(_ policy: Kubernetes.NetworkPolicy, _ writer: inout DescriptionWriter) {
        writer.line("Name", policy.metadata.name)
        writer.line("Namespace", policy.metadata.namespace)
        writer.line("Created on", policy.metadata.creationTimestamp?.goText ?? "0001-01-01 00:00:00 +0000 UTC")
        writer.labels(policy.metadata.labels)
        writer.annotations(policy.metadata.annotations)
        writer.heading("Spec")
        let selector = policy.spec.podSelector
        let everybody = "<none> (Allowing the specific traffic to all pods in this namespace)"
        // The two parts are indented each.
        writer.plain("PodSelector:     " + (selector.isEmpty ? everybody : ResourceColumns.selector(selector)), 1)
        let types = policy.spec.policyTypes
        for (word, side, label, rules) in [
            ("Ingress", "ingress", "From", policy.spec.ingress.map { ($0.ports, $0.from) }),
            ("Egress", "egress", "To", policy.spec.egress.map { ($0.ports, $0.to) }),
        ] {
            guard types.contains(word) else {
                writer.plain("Not affecting \(side) traffic", 1)
                continue
            }
            writer.plain("Allowing \(side) traffic:", 1)
            if rules.isEmpty { writer.plain("<none> (Selected pods are isolated for \(side) connectivity)", 2) }
            for (number, rule) in rules.enumerated() {
                write(rule.0, rule.1, label, &writer)
                if number + 1 < rules.count { writer.plain("----------", 2) }
            }
        }
        writer.plain("Policy Types: \(types.joined(separator: ", "))", 1)
    }

    private static func write(
        _ ports: [Kubernetes.NetworkPolicyPort], _ peers: [Kubernetes.NetworkPolicyPeer], _ label: String,
        _ writer: inout DescriptionWriter
    ) {
        if ports.isEmpty { writer.plain("To Port: <any> (traffic allowed to all ports)", 2) }
        for port in ports {
            let (number, transport) = (port.port.map { "\($0)" } ?? "<nil>", port.protocol?.rawValue ?? "TCP")
            if let end = port.endPort {
                writer.plain("To Port Range: \(number)-\(end)/\(transport)", 2)
            } else {
                writer.plain("To Port: \(number)/\(transport)", 2)
            }
        }
        if peers.isEmpty {
            writer.plain("\(label): <any> (traffic not restricted by \(label == "From" ? "source" : "destination"))", 2)
            return
        }
        for peer in peers {
            writer.plain("\(label):", 2)
            if let selector = peer.namespaceSelector {
                writer.plain("NamespaceSelector: \(ResourceColumns.selector(selector))", 3)
            }
            if let selector = peer.podSelector { writer.plain("PodSelector: \(ResourceColumns.selector(selector))", 3) }
            guard let block = peer.ipBlock, peer.namespaceSelector == nil, peer.podSelector == nil else { continue }
            writer.plain("IPBlock:", 3)
            writer.plain("CIDR: \(block.cidr)", 4)
            writer.plain("Except: \(block.except.joined(separator: ", "))", 4)
        }
    }
}

/// `kubectl describe` of ConfigMaps and Secrets.
enum DataDescription {
    static func write(_ map: Kubernetes.ConfigMap, _ writer: inout DescriptionWriter) {
        ResourceDescription.head(map, &writer)
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
        ResourceDescription.head(secret, &writer)
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
