/// Probes and lifecycle hooks (`validateProbe`, `validateHandler`).
enum ProbeValidation {
    /// What a probe or a hook does.
    private struct Handler {
        var exec: Kubernetes.ExecAction?
        var httpGet: Kubernetes.HTTPGetAction?
        var tcpSocket: Kubernetes.TCPSocketAction?
        var grpc: Kubernetes.GRPCAction?
        var sleep: Kubernetes.SleepAction?
    }

    static func check(_ container: Kubernetes.Container, at path: String) -> [FieldError] {
        var errors: [FieldError] = []
        for (name, probe) in [
            ("livenessProbe", container.livenessProbe), ("readinessProbe", container.readinessProbe),
            ("startupProbe", container.startupProbe),
        ] {
            if let probe { errors += check(probe, at: "\(path).\(name)", isReadiness: name == "readinessProbe") }
        }
        return errors
    }

    static func check(_ lifecycle: Kubernetes.Lifecycle?, at path: String, gracePeriod: Int64) -> [FieldError] {
        guard let lifecycle else { return [] }
        return [("postStart", lifecycle.postStart), ("preStop", lifecycle.preStop)].flatMap { name, hook -> [FieldError] in
            guard let hook else { return [] }
            let handler = Handler(exec: hook.exec, httpGet: hook.httpGet, tcpSocket: hook.tcpSocket, sleep: hook.sleep)
            return check(handler, at: "\(path).\(name)", gracePeriod: gracePeriod)
        }
    }

    private static func check(_ probe: Kubernetes.Probe, at path: String, isReadiness: Bool) -> [FieldError] {
        let handler = Handler(exec: probe.exec, httpGet: probe.httpGet, tcpSocket: probe.tcpSocket, grpc: probe.grpc)
        var errors = check(handler, at: path, gracePeriod: 0)
        for (name, value) in [
            ("initialDelaySeconds", probe.initialDelaySeconds), ("timeoutSeconds", probe.timeoutSeconds),
            ("periodSeconds", probe.periodSeconds), ("successThreshold", probe.successThreshold),
            ("failureThreshold", probe.failureThreshold),
        ] where value < 0 {
            errors.append(.invalid("\(path).\(name)", value, "must be greater than or equal to 0"))
        }
        if let grace = probe.terminationGracePeriodSeconds {
            let place = "\(path).terminationGracePeriodSeconds"
            if grace <= 0 { errors.append(.invalid(place, json: String(grace), "must be greater than 0")) }
            if isReadiness { errors.append(.invalid(place, json: String(grace), "must not be set for readinessProbes")) }
        }
        if !isReadiness, probe.successThreshold != 1 {
            errors.append(.invalid("\(path).successThreshold", probe.successThreshold, "must be 1"))
        }
        return errors
    }

    private static func check(_ handler: Handler, at path: String, gracePeriod: Int64) -> [FieldError] {
        var errors: [FieldError] = []
        var count = 0
        func one(_ name: String, _ isGiven: Bool, _ body: (String) -> [FieldError]) {
            guard isGiven else { return }
            count += 1
            errors += count > 1 ? [.forbidden("\(path).\(name)", "may not specify more than 1 handler type")] : body("\(path).\(name)")
        }
        one("exec", handler.exec != nil) { place in
            handler.exec?.command.isEmpty == true ? [.required("\(place).command")] : []
        }
        one("httpGet", handler.httpGet != nil) { place in handler.httpGet.map { check($0, at: place) } ?? [] }
        one("tcpSocket", handler.tcpSocket != nil) { place in
            handler.tcpSocket.map { port($0.port, at: "\(place).port") } ?? []
        }
        one("grpc", handler.grpc != nil) { place in
            handler.grpc.map { port(.int($0.port), at: "\(place).port") } ?? []
        }
        one("sleep", handler.sleep != nil) { place in
            guard let seconds = handler.sleep?.seconds, seconds < 0 || seconds > gracePeriod else { return [] }
            return [
                .invalid(
                    place, json: String(seconds),
                    "must be non-negative and less than terminationGracePeriodSeconds (\(gracePeriod))")
            ]
        }
        if count == 0 { errors.append(.required(path, "must specify a handler type")) }
        return errors
    }

    private static func check(_ action: Kubernetes.HTTPGetAction, at path: String) -> [FieldError] {
        var errors = action.path.isEmpty ? [FieldError.required("\(path).path")] : []
        errors += port(action.port, at: "\(path).port")
        if !["HTTP", "HTTPS"].contains(action.scheme) {
            errors.append(.notSupported("\(path).scheme", action.scheme, ["HTTP", "HTTPS"]))
        }
        for header in action.httpHeaders where !isHeaderName(header.name) {
            errors.append(
                .invalid(
                    "\(path).httpHeaders", header.name,
                    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used "
                        + "for validation is '[-A-Za-z0-9]+')"))
        }
        return errors
    }

    private static func isHeaderName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy {
            (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45
        }
    }

    /// `ValidatePortNumOrName`
    private static func port(_ port: Kubernetes.IntOrString, at path: String) -> [FieldError] {
        switch port {
        case .int(let number): NameFormat.portNumber(number).map { .invalid(path, number, $0) }
        case .string(let name): NameFormat.portName(name).map { .invalid(path, name, $0) }
        }
    }
}
