import Hawse

/// Manifests of a cluster's edge, asked for what looks like paths and hosts in them, and lines that are requests themselves.
/// Every row has to be JSON.
func routeRequests(_ text: String) {
    var loader = ManifestLoader()
    loader.load(text: text, file: "fuzz")
    // Pods and what makes them would run a cluster: that is not what is tried here.
    let edge = loader.objects.filter {
        ["Ingress", "IngressClass", "Service", "Secret", "ConfigMap"].contains($0.kind) || $0.isUntyped
    }
    let objects = RouteObjects.collect(edge, seed: 1).objects
    let requests = asked(in: text)
    for flavour in RequestRouter.Flavour.allCases {
        var options = RequestRouter.Options()
        options.flavour = flavour
        var router = RequestRouter(objects, options)
        _ = router.status.rows
        for request in requests {
            let row = JSONWriter.compact(router.route(request).row(id: request.id))
            precondition((try? JSONReader.parse(row)) != nil, "a row is no JSON")
        }
    }
}

extension LoadedObject {
    fileprivate var isUntyped: Bool {
        if case .unknown = content { return true }
        return false
    }
}

private func asked(in text: String) -> [RouteRequest] {
    var requests: [RouteRequest] = []
    var unknown: [String] = []
    for line in text.split(separator: "\n").prefix(32) {
        guard let node = try? JSONReader.parse(String(line)), let request = try? RouteRequest(node, unknown: &unknown) else {
            continue
        }
        requests.append(request)
    }
    let words = text.split { " \n\"',{}[]".contains($0) }
    let hosts = words.filter { $0.contains(".") }.prefix(6) + [""]
    for path in words.filter({ $0.hasPrefix("/") }).prefix(6) + ["/"] {
        for (number, host) in hosts.enumerated() {
            var request = RouteRequest()
            request.path = String(path)
            request.host = String(host)
            request.scheme = number % 2 == 0 ? "http" : "https"
            request.sni = request.host
            request.headers.add("Origin", "https://\(host)")
            requests.append(request)
        }
    }
    return requests
}
