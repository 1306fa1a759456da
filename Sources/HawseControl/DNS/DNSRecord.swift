import HawseWire

/// Types that a question may have. Others exist in DNS; the cluster has no data of them.
public enum DNSType: String, Hashable, Sendable, CaseIterable {
    case a = "A"
    case aaaa = "AAAA"
    case caa = "CAA"
    case cname = "CNAME"
    case hinfo = "HINFO"
    case https = "HTTPS"
    case mx = "MX"
    case naptr = "NAPTR"
    case ns = "NS"
    case ptr = "PTR"
    case soa = "SOA"
    case srv = "SRV"
    case svcb = "SVCB"
    case txt = "TXT"
}

/// A resource record, its data as `dig` prints it.
public struct DNSRecord: Hashable, Sendable, CustomStringConvertible {
    public var name: DomainName
    /// Seconds.
    public var ttl: Int
    public var type: DNSType
    public var data: String

    public init(_ name: DomainName, ttl: Int, _ type: DNSType, _ data: String) {
        self.name = name
        self.ttl = ttl
        self.type = type
        self.data = data
    }

    /// As `dig` prints it.
    public var description: String { "\(name)\t\(ttl)\tIN\t\(type.rawValue)\t\(type == .txt ? "\"\(data)\"" : data)" }
}

/// What a question gets.
public struct DNSAnswer: Hashable, Sendable {
    public enum Code: String, Hashable, Sendable {
        case success = "NOERROR"
        case nameError = "NXDOMAIN"
        case serverFailure = "SERVFAIL"
        /// None of the cluster's names, or one that falls through: the next plugin's business, usually `forward`.
        case forwarded = "FORWARDED"
    }

    public var code: Code
    public var answer: [DNSRecord] = []
    public var authority: [DNSRecord] = []
    public var additional: [DNSRecord] = []

    public init(_ code: Code) { self.code = code }
}
