import HawseModel

/// What a Gateway's controller would write into statuses.
public struct RouteStatus: Sendable {
    public struct Parent: Sendable {
        public var route: ObjectKey
        public var gateway: ObjectKey
        public var section: String?
        /// `Accepted` and `ResolvedRefs`.
        public var conditions: [(type: String, isTrue: Bool, reason: String)]

        public var isAccepted: Bool { conditions.contains { $0.type == "Accepted" && $0.isTrue } }
    }

    public var parents: [Parent] = []
    /// Routes at each listener.
    public var attached: [(gateway: ObjectKey, listener: String, routes: Int)] = []

    /// One object a parent of a route, one a listener.
    public var rows: [ManifestNode] {
        parents.map { parent in
            var entries: [ManifestNode.Entry] = [
                .init("route", .string("\(parent.route)")), .init("gateway", .string("\(parent.gateway)")),
            ]
            if let section = parent.section { entries.append(.init("section", .string(section))) }
            entries.append(
                .init(
                    "conditions",
                    ManifestNode(
                        .list(
                            parent.conditions.map { condition in
                                ManifestNode(
                                    .map([
                                        .init("type", .string(condition.type)),
                                        .init("status", .string(condition.isTrue ? "True" : "False")),
                                        .init("reason", .string(condition.reason)),
                                    ]))
                            }))))
            return ManifestNode(.map(entries))
        }
            + attached.map { entry in
                ManifestNode(
                    .map([
                        .init("gateway", .string("\(entry.gateway)")), .init("listener", .string(entry.listener)),
                        .init("attachedRoutes", .integer(entry.routes)),
                    ]))
            }
    }
}

extension GatewayRouter {
    var status: RouteStatus {
        var status = RouteStatus()
        for attachment in attachments {
            status.parents.append(
                .init(
                    route: attachment.route.key, gateway: attachment.gateway.key, section: attachment.parent.sectionName,
                    conditions: [
                        ("Accepted", attachment.refusal == nil, attachment.refusal?.rawValue ?? "Accepted"),
                        ("ResolvedRefs", attachment.unresolved == nil, attachment.unresolved ?? "ResolvedRefs"),
                    ]))
        }
        for gateway in servedGateways {
            for (index, listener) in gateway.spec.listeners.enumerated() {
                let routes = Set(
                    attachments.filter { $0.gateway.key == gateway.key && $0.listeners.contains { $0.index == index } }.map(
                        \.route.key))
                status.attached.append((gateway.key, listener.name, routes.count))
            }
        }
        return status
    }
}
