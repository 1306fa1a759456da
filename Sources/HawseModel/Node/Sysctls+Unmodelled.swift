/// Settings that would make a node behave otherwise than is modelled.
extension Sysctls {
    /// Settings with an effect on packets that is not modelled, with the values that leave packets as they are.
    private static let notModelled: [(name: String, harmless: [String], why: String)] = [
        ("ipv4.icmp_echo_enable_probe", ["0"], "answers to extended echo requests"),
        ("ipv4.ipfrag_high_thresh", ["4194304"], "a bound on the memory of fragments"),
        ("ipv6.ip6frag_high_thresh", ["4194304"], "a bound on the memory of fragments"),
        ("ipv6.conf.*.accept_ra", ["0", "1"], "a router that believes other routers' advertisements"),
        ("ipv6.conf.*.seg6_enabled", ["0"], "segment routing"),
        ("ipv6.conf.*.rpl_seg_enabled", ["0"], "RPL source routes"),
        ("ipv6.conf.*.ioam6_enabled", ["0"], "in-situ measurements written into packets"),
        ("ipv6.conf.*.use_oif_addrs_only", ["0"], "source addresses of one device only"),
        ("ipv6.conf.*.use_tempaddr", ["0", "-1"], "temporary addresses"),
        ("ipv4.conf.*.ignore_routes_with_linkdown", ["0"], "devices without a carrier"),
        ("ipv6.conf.*.ignore_routes_with_linkdown", ["0"], "devices without a carrier"),
    ]

    /// A setting as the list above has it: below `net`, with a star for the device.
    private static func pattern(_ name: String) -> String {
        let rest = name.dropFirst(4)
        for folder in ["ipv4.conf", "ipv6.conf"] where rest.hasPrefix(folder + ".") {
            // Devices may have dots in their names.
            return "\(folder).*.\(rest.split(separator: ".").last ?? "")"
        }
        return String(rest)
    }

    /// Settings whose effect on packets is not modelled, each with what it is about.
    public func unmodelled() -> [(name: String, why: String)] {
        values.keys.sorted().compactMap { name in
            guard name.hasPrefix("net."), let found = Self.notModelled.first(where: { $0.name == Self.pattern(name) }),
                let value = values[name]?.trimmingBlanks, !found.harmless.contains(value)
            else { return nil }
            return (name, found.why)
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
