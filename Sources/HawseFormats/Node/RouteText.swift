import HawseModel
import HawseWire

/// `ip route add …` lines.
public enum RouteText {
    private static let words = [
        "via", "dev", "onlink", "table", "metric", "preference", "src", "mtu", "realm", "proto", "scope",
        "tos", "dsfield",
        "weight", "nexthop", "advmss", "pref", "lock",
    ]

    /// `family` decides what `default` means when no gateway tells.
    public static func parse(
        _ line: String, family: AddressFamily? = nil, at location: SourceLocation = SourceLocation(file: "route", line: 1, column: 1)
    ) throws(FormatError) -> Route {
        var words = try IPRouteWords(line, at: location)
        var kind = Route.Kind.unicast
        if let word = words.peek, let named = Route.Kind(rawValue: word) {
            kind = named
            _ = words.take()
        }
        guard let target = words.take() else { throw words.error("a route needs a destination") }
        let known = family ?? gatewayFamily(line)
        var route = Route(kind: kind, destination: try words.prefix(text: target, family: known))
        guard
            route.destination.network == route.destination
                || route.destination.length == route.destination.family.bitCount
        else { throw words.error("`\(target)' has bits set behind its prefix length") }
        var hop = Route.NextHop()
        while let word = words.take() {
            if word == "nexthop" {
                route.nextHops.append(try nextHop(&words))
            } else if try !option(word, &words, &route, &hop) {
                throw words.unknown(word, self.words)
            }
        }
        if hop.gateway != nil || hop.device != nil { route.nextHops.insert(hop, at: 0) }
        if kind == .local, !line.contains(" table ") { route.table = 255 }
        return route
    }

    /// One word of a route outside of `nexthop`; false when it is not known.
    private static func option(
        _ word: String, _ words: inout IPRouteWords, _ route: inout Route, _ hop: inout Route.NextHop
    ) throws(FormatError) -> Bool {
        switch word {
        case "table": route.table = try table(&words)
        case "metric", "preference": route.metric = try words.number(word)
        case "src": route.preferredSource = try words.address(word)
        case "mtu":
            route.isMTULocked = words.accept("lock")
            route.mtu = try words.number(word)
        case "realm": route.realm = try words.number(word)
        case "tos", "dsfield": route.tos = try words.serviceType(word)
        // The scope follows from there being a gateway; the others say nothing of a packet's way.
        case "scope", "proto", "pref", "advmss": _ = try words.argument(of: word)
        default: return try hopOption(word, &words, &hop)
        }
        return true
    }

    private static func nextHop(_ words: inout IPRouteWords) throws(FormatError) -> Route.NextHop {
        var hop = Route.NextHop()
        while let word = words.peek, word != "nexthop" {
            _ = words.take()
            if word == "weight" {
                hop.weight = try words.number(word)
                guard (1...256).contains(hop.weight) else {
                    throw words.error("a weight lies between 1 and 256")
                }
            } else if try !hopOption(word, &words, &hop) {
                throw words.unknown(word, ["via", "dev", "onlink", "weight"])
            }
        }
        return hop
    }

    private static func hopOption(_ word: String, _ words: inout IPRouteWords, _ hop: inout Route.NextHop)
        throws(FormatError)
        -> Bool
    {
        switch word {
        case "via":
            if words.accept("inet6") || words.accept("inet") {}
            hop.gateway = try words.address(word)
        case "dev": hop.device = try words.argument(of: word)
        case "onlink": hop.onlink = true
        default: return false
        }
        return true
    }

    private static func table(_ words: inout IPRouteWords) throws(FormatError) -> UInt32 {
        switch words.peek {
        case "main":
            _ = words.take()
            return 254
        case "local":
            _ = words.take()
            return 255
        case "default":
            _ = words.take()
            return 253
        default: return try words.number("table")
        }
    }

    private static func gatewayFamily(_ line: String) -> AddressFamily? {
        let words = line.split(separator: " ")
        guard let via = words.firstIndex(of: "via"), via + 1 < words.count else { return nil }
        return IPAddress(words[via + 1])?.family
    }
}

extension Route: CustomStringConvertible {
    /// As `ip route add` takes it.
    public var description: String {
        var text = kind == .unicast ? "" : kind.rawValue + " "
        if destination.length == 0 {
            // `default` alone is IPv4's: without a gateway nothing else would tell.
            let tellsFamily = destination.family == .ipv4 || nextHops.contains { $0.gateway?.family == .ipv6 }
            text += tellsFamily ? "default" : "\(destination)"
        } else {
            text +=
                destination.length == destination.family.bitCount
                ? "\(destination.address)" : "\(destination)"
        }
        if nextHops.count == 1 { text += words(nextHops[0]) }
        if table != 254, !(kind == .local && table == 255) { text += " table \(table)" }
        if let preferredSource { text += " src \(preferredSource)" }
        if metric != 0 { text += " metric \(metric)" }
        if mtu != 0 { text += " mtu \(isMTULocked ? "lock " : "")\(mtu)" }
        if realm != 0 { text += " realm \(realm)" }
        if tos != 0 { text += tos < 16 ? " tos 0x0\(String(tos, radix: 16))" : " tos 0x\(String(tos, radix: 16))" }
        // ip takes what concerns the whole route in front of the hops.
        if nextHops.count > 1 { text += nextHops.map { " nexthop" + words($0) }.joined() }
        return text
    }

    private func words(_ hop: NextHop) -> String {
        var text = ""
        if let gateway = hop.gateway {
            text += gateway.family == destination.family ? " via \(gateway)" : " via inet6 \(gateway)"
        }
        if let device = hop.device { text += " dev \(device)" }
        if nextHops.count > 1, hop.weight != 1 { text += " weight \(hop.weight)" }
        if hop.onlink { text += " onlink" }
        return text
    }
}
