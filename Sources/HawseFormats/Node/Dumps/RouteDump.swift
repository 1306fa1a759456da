import HawseModel
import HawseWire

/// One route of `ip -d -j route show table all`.
enum RouteDump {
    /// `RTN_*`, as `ip -N` prints them.
    private static let kinds: [String: Route.Kind] = [
        "1": .unicast, "2": .local, "3": .broadcast, "4": .local, "anycast": .local, "5": .multicast, "6": .blackhole,
        "7": .unreachable, "8": .prohibit, "9": .throw,
    ]

    static func read(_ item: JSONFile, _ family: AddressFamily) throws(FormatError) -> (route: Route, byKernel: Bool) {
        let text = item.string("dst") ?? ""
        guard let destination = text == "default" ? .all(family) : IPPrefix(text) else {
            throw item.error("`\(text)' is no destination of a route")
        }
        let word = item.string("type") ?? "unicast"
        guard let kind = Route.Kind(rawValue: word) ?? kinds[word] else {
            throw item.error("route to \(text): unknown type `\(word)'")
        }
        if let encapsulation = item.string("encap") {
            throw item.error("route to \(text): encapsulation by routes (`\(encapsulation)') is not computed")
        }
        var route = Route(kind: kind, destination: destination)
        route.table = try item.table("table") ?? 254
        route.metric = item.numeral("metric") ?? 0
        route.preferredSource = item.string("prefsrc").flatMap { IPAddress($0) }
        route.tos = item.numeral("tos").flatMap { UInt8(exactly: $0) } ?? 0
        route.realm = item.object("flow")?.numeral("to") ?? 0
        for metric in item.objects("metrics") {
            if let mtu = metric.integer("mtu") { route.mtu = max(mtu, 0) }
        }
        let hops = item.objects("nexthops")
        if hops.isEmpty {
            if ![.unreachable, .prohibit, .blackhole, .throw].contains(kind), let hop = try hop(item) { route.nextHops = [hop] }
        } else {
            for next in hops { if let hop = try hop(next) { route.nextHops.append(hop) } }
        }
        return (route, ["kernel", "2"].contains(item.string("protocol")))
    }

    private static func hop(_ item: JSONFile) throws(FormatError) -> Route.NextHop? {
        let gateway = try item.string("gateway") == nil ? item.object("via")?.address("host") : item.address("gateway")
        let device = item.string("dev")
        guard gateway != nil || device != nil else { return nil }
        return Route.NextHop(
            gateway: gateway, device: device, weight: max(item.integer("weight") ?? 1, 1), onlink: item.list("flags").contains("onlink"))
    }
}
