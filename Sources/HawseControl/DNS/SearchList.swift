extension ClusterDNS {
    /// A question as a resolver in a pod asks it (`/etc/resolv.conf` with `ndots:5`): names with fewer dots are tried with
    /// the search list first, others as they are; the first name that exists is the answer. With no namespace, or a
    /// final dot, the name is asked as it is. Returns the name that was answered.
    public func resolve(_ name: String, _ type: DNSType, namespace: String?) -> (name: DomainName, answer: DNSAnswer) {
        let asked = DomainName(name)
        guard let namespace, !name.hasSuffix(".") else { return (asked, answer(asked, type)) }
        let zone = options.zones.first { !$0.folded.hasSuffix(".arpa.") } ?? DomainName("cluster.local.")
        let searched = ["\(namespace).svc.\(zone)", "svc.\(zone)", zone.text].map { DomainName("\(name).\($0)") }
        let isShort = name.count { $0 == "." } < 5
        let candidates = isShort ? searched + [asked] : [asked] + searched
        for candidate in candidates {
            let found = answer(candidate, type)
            if found.code == .success, !found.answer.isEmpty { return (candidate, found) }
        }
        return (asked, answer(asked, type))
    }
}
