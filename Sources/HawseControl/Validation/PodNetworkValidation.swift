import HawseModel

/// Names and addresses of a pod: DNS, other hosts' names, its own host name.
enum PodNetworkValidation {
    /// `validatePodDNSConfig`
    static func dns(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        guard let config = spec.dnsConfig else {
            return spec.dnsPolicy == "None"
                ? [.required(path, "must provide `dnsConfig` when `dnsPolicy` is None")] : []
        }
        var errors: [FieldError] = []
        let servers = (config["nameservers"]?.items ?? []).compactMap(\.text)
        if spec.dnsPolicy == "None", servers.isEmpty {
            return [
                .required("\(path).nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None")
            ]
        }
        if servers.count > 3 {
            errors.append(.invalid("\(path).nameservers", json: list(servers), "must not have more than 3 nameservers"))
        }
        for (index, server) in servers.enumerated() {
            errors += AddressFormat(strict: true).problems(server, at: "\(path).nameservers[\(index)]")
        }
        let searches = (config["searches"]?.items ?? []).compactMap(\.text)
        if searches.count > 32 {
            errors.append(.invalid("\(path).searches", json: list(searches), "must not have more than 32 search paths"))
        }
        if searches.joined(separator: " ").utf8.count > 2048 {
            errors.append(
                .invalid(
                    "\(path).searches", json: list(searches),
                    "must not have more than 2048 characters (including spaces) in the search list"))
        }
        for (index, search) in searches.enumerated() where search != "." {
            // Search paths may have underscores and a dot at the end.
            let name = search.hasSuffix(".") ? String(search.dropLast()) : search
            errors += NameFormat.subdomainWithUnderscore(name).map { .invalid("\(path).searches[\(index)]", name, $0) }
        }
        for (index, option) in (config["options"]?.items ?? []).enumerated() where (option["name"]?.text ?? "").isEmpty {
            errors.append(.required("\(path).options[\(index)]", "must not be empty"))
        }
        return errors
    }

    private static func list(_ texts: [String]) -> String {
        "[" + texts.map { FieldError.quoted($0) }.joined(separator: ",") + "]"
    }

    static func aliases(_ aliases: [ManifestNode], at path: String) -> [FieldError] {
        aliases.enumerated().flatMap { index, alias -> [FieldError] in
            let place = "\(path)[\(index)]"
            let hosts = (alias["hostnames"]?.items ?? []).compactMap(\.text)
            return AddressFormat(strict: true).problems(alias["ip"]?.text ?? "", at: "\(place).ip")
                + hosts.enumerated().flatMap { number, host in
                    NameFormat.subdomain(host).map { .invalid("\(place).hostnames[\(number)]", host, $0) }
                }
        }
    }

    /// A host name that has nothing to do with the pod's DNS name (`validatePodHostName`).
    static func hostnameOverride(_ spec: Kubernetes.PodSpec, at path: String) -> [FieldError] {
        guard let name = spec.other["hostnameOverride"]?.text else { return [] }
        var errors: [FieldError] = []
        if spec.setHostnameAsFQDN == true {
            errors.append(.forbidden(path, "may not be specified when setHostnameAsFQDN is true"))
        }
        if spec.hostNetwork { errors.append(.forbidden(path, "may not be specified when hostNetwork is true")) }
        if name.utf8.count > 64 { errors.append(.tooLong(path, maximum: 64)) }
        return errors + NameFormat.subdomain(name).map { .invalid(path, name, $0) }
    }
}
