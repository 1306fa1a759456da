/// What a write of a status may say: the status subresources look at nothing else (`Validate…StatusUpdate`).
enum StatusValidation {
    static func check(_ object: any KubernetesObject, old: any KubernetesObject) -> [FieldError] {
        switch (object, old) {
        case (let new as Kubernetes.Service, let old as Kubernetes.Service):
            balancer(new.status.loadBalancer, old: old.status.loadBalancer, isService: true, type: new.spec.type)
        case (let new as Kubernetes.Ingress, let old as Kubernetes.Ingress):
            balancer(new.status.loadBalancer, old: old.status.loadBalancer, isService: false, type: .loadBalancer)
        case (let new as Kubernetes.Deployment, let old as Kubernetes.Deployment):
            check(new.status) + decremented(new.status.collisionCount, old.status.collisionCount)
        case (let new as Kubernetes.StatefulSet, let old as Kubernetes.StatefulSet):
            check(new.status) + decremented(new.status.collisionCount, old.status.collisionCount)
        case (let new as Kubernetes.DaemonSet, let old as Kubernetes.DaemonSet):
            check(new.status) + decremented(new.status.collisionCount, old.status.collisionCount)
        case (let new as Kubernetes.ReplicaSet, _): check(new.status)
        case (let new as Kubernetes.ReplicationController, _): check(new.status)
        case (let new as Kubernetes.Job, let old as Kubernetes.Job): JobStatusValidation.check(new, old: old)
        case (let new as Kubernetes.HorizontalPodAutoscaler, _):
            counts([
                ("currentReplicas", new.status.currentReplicas), ("desiredReplicas", new.status.desiredReplicas),
            ])
        default: []
        }
    }

    // MARK: Load balancers

    private static func balancer(
        _ status: Kubernetes.LoadBalancerStatus, old: Kubernetes.LoadBalancerStatus, isService: Bool,
        type: Kubernetes.ServiceType
    ) -> [FieldError] {
        let path = "status.loadBalancer.ingress"
        if type != .loadBalancer {
            return status.ingress.isEmpty ? [] : [.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
        }
        let known = old.ingress.map(\.ip)
        return status.ingress.enumerated().flatMap { index, entry in
            let place = "\(path)[\(index)]"
            var errors: [FieldError] = []
            if !entry.ip.isEmpty {
                errors = AddressFormat(strict: true).problems(entry.ip, at: "\(place).ip", existing: known)
            }
            if isService { errors += mode(entry, at: "\(place).ipMode") }
            if entry.hostname.isEmpty { return errors }
            errors += NameFormat.subdomain(entry.hostname).map { .invalid("\(place).hostname", entry.hostname, $0) }
            if AddressFormat.lenient(entry.hostname) != nil {
                errors.append(.invalid("\(place).hostname", entry.hostname, "must be a DNS name, not an IP address"))
            }
            return errors
        }
    }

    private static func mode(_ entry: Kubernetes.LoadBalancerIngress, at path: String) -> [FieldError] {
        guard let mode = entry.ipMode else {
            return entry.ip.isEmpty ? [] : [.required(path, "must be specified when `ip` is set")]
        }
        var errors: [FieldError] = []
        if entry.ip.isEmpty { errors.append(.forbidden(path, "may not be specified when `ip` is not set")) }
        if !["Proxy", "VIP"].contains(mode) { errors.append(.notSupported(path, mode, ["Proxy", "VIP"])) }
        return errors
    }

    // MARK: Workloads

    static func counts(_ fields: [(String, Int)]) -> [FieldError] {
        fields.flatMap { WorkloadValidation.nonnegative($1, "status.\($0)") }
    }

    private static func atMost(_ limit: Int, _ detail: String, _ fields: [(String, Int)]) -> [FieldError] {
        fields.filter { $0.1 > limit }.map { .invalid("status.\($0.0)", $0.1, detail) }
    }

    private static let tooMany = "cannot be greater than status.replicas"

    /// Counters of name collisions only grow.
    private static func decremented(_ new: Int?, _ old: Int?) -> [FieldError] {
        guard let old, (new ?? 0) < old else { return [] }
        return [.invalid("status.collisionCount", new ?? 0, "cannot be decremented")]
    }

    private static func check(_ status: Kubernetes.DeploymentStatus) -> [FieldError] {
        var fields = [
            ("observedGeneration", Int(status.observedGeneration)), ("replicas", status.replicas),
            ("updatedReplicas", status.updatedReplicas), ("readyReplicas", status.readyReplicas),
            ("availableReplicas", status.availableReplicas), ("unavailableReplicas", status.unavailableReplicas),
        ]
        if let count = status.terminatingReplicas { fields.append(("terminatingReplicas", count)) }
        if let count = status.collisionCount { fields.append(("collisionCount", count)) }
        return counts(fields)
            + atMost(status.replicas, tooMany, [
                ("updatedReplicas", status.updatedReplicas), ("readyReplicas", status.readyReplicas),
                ("availableReplicas", status.availableReplicas),
            ])
            + atMost(
                status.readyReplicas, "cannot be greater than readyReplicas",
                [("availableReplicas", status.availableReplicas)])
    }

    private static func check(_ status: Kubernetes.ReplicaSetStatus) -> [FieldError] {
        var fields = [
            ("replicas", status.replicas), ("fullyLabeledReplicas", status.fullyLabeledReplicas),
            ("readyReplicas", status.readyReplicas), ("availableReplicas", status.availableReplicas),
        ]
        if let count = status.terminatingReplicas { fields.append(("terminatingReplicas", count)) }
        fields.append(("observedGeneration", Int(status.observedGeneration)))
        return counts(fields)
            + atMost(status.replicas, tooMany, [
                ("fullyLabeledReplicas", status.fullyLabeledReplicas), ("readyReplicas", status.readyReplicas),
                ("availableReplicas", status.availableReplicas),
            ])
            + atMost(
                status.readyReplicas, "cannot be greater than readyReplicas",
                [("availableReplicas", status.availableReplicas)])
    }

    private static func check(_ status: Kubernetes.StatefulSetStatus) -> [FieldError] {
        var fields = [
            ("replicas", status.replicas), ("readyReplicas", status.readyReplicas),
            ("currentReplicas", status.currentReplicas), ("updatedReplicas", status.updatedReplicas),
            ("availableReplicas", status.availableReplicas), ("observedGeneration", Int(status.observedGeneration)),
        ]
        if let count = status.collisionCount { fields.append(("collisionCount", count)) }
        return counts(fields)
            + atMost(status.replicas, tooMany, [
                ("readyReplicas", status.readyReplicas), ("currentReplicas", status.currentReplicas),
                ("updatedReplicas", status.updatedReplicas), ("availableReplicas", status.availableReplicas),
            ])
            + atMost(
                status.readyReplicas, "cannot be greater than status.readyReplicas",
                [("availableReplicas", status.availableReplicas)])
    }

    private static func check(_ status: Kubernetes.DaemonSetStatus) -> [FieldError] {
        var fields = [
            ("currentNumberScheduled", status.currentNumberScheduled), ("numberMisscheduled", status.numberMisscheduled),
            ("desiredNumberScheduled", status.desiredNumberScheduled), ("numberReady", status.numberReady),
            ("observedGeneration", Int(status.observedGeneration)),
            ("updatedNumberScheduled", status.updatedNumberScheduled), ("numberAvailable", status.numberAvailable),
            ("numberUnavailable", status.numberUnavailable),
        ]
        if let count = status.collisionCount { fields.append(("collisionCount", count)) }
        return counts(fields)
    }
}
