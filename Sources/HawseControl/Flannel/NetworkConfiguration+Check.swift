import HawseWire

extension Flannel.NetworkConfiguration {
    /// What the etcd daemon checks before it allots subnets (`CheckNetworkConfig`), and the values it fills in.
    ///
    /// The first subnet of the network is left out: its base would be the network's own address.
    public func completed(file: String = "net-conf.json") throws(Flannel.ConfigurationError) -> Self {
        var result = self
        var problems: [(field: String, message: String)] = []
        if enableIPv4 {
            problems += result.complete(
                .ipv4, network: result.network, length: \.subnetLength, first: \.subnetMin, last: \.subnetMax)
        }
        if enableIPv6 {
            problems += result.complete(
                .ipv6, network: result.ipv6Network, length: \.ipv6SubnetLength, first: \.ipv6SubnetMin,
                last: \.ipv6SubnetMax)
        }
        if !enableIPv4, !enableIPv6 { problems.append(("EnableIPv4", "neither family is enabled")) }
        guard problems.isEmpty else {
            throw Flannel.ConfigurationError(
                problems.map {
                    ManifestDiagnostic(
                        severity: .error, file: file, mark: .none, field: $0.field, message: $0.message)
                })
        }
        return result
    }

    private mutating func complete(
        _ family: AddressFamily, network: IPPrefix?, length: WritableKeyPath<Self, Int>,
        first: WritableKeyPath<Self, IPAddress?>, last: WritableKeyPath<Self, IPAddress?>
    ) -> [(field: String, message: String)] {
        let prefix = family == .ipv4 ? "" : "IPv6"
        guard let network else { return [("\(prefix)Network", "is missing")] }
        if let problem = chooseLength(family, network, length) { return [problem] }
        let size = self[keyPath: length]
        var problems: [(field: String, message: String)] = []
        let step = AddressBits.bit(family.bitCount - size)
        let start = IPAddress(family: family, bits: network.network.address.bits)
        let following = IPAddress(family: family, bits: (network.last.bits.adding(1)))
        let mask = AddressBits.mask(prefixLength: size, family: family)
        let defaults = [
            ("\(prefix)SubnetMin", first, start.adding(step)), ("\(prefix)SubnetMax", last, following.subtracting(step)),
        ]
        for (name, path, fallback) in defaults {
            guard let given = self[keyPath: path], !given.isUnspecified else {
                self[keyPath: path] = fallback
                continue
            }
            if !network.contains(given) {
                problems.append((name, "\(given) is not in \(prefix)Network \(network)"))
            } else if given.bits & mask != given.bits {
                problems.append((name, "\(given) is not on a \(prefix)SubnetLen boundary (/\(size))"))
            }
        }
        if problems.isEmpty, let low = self[keyPath: first], let high = self[keyPath: last], low > high {
            problems.append(("\(prefix)SubnetMin", "\(low) lies behind \(prefix)SubnetMax \(high)"))
        }
        return problems
    }

    /// A /24 (or /64) for each node where the network holds four of them, else a quarter of the network.
    private mutating func chooseLength(
        _ family: AddressFamily, _ network: IPPrefix, _ path: WritableKeyPath<Self, Int>
    ) -> (field: String, message: String)? {
        let prefix = family == .ipv4 ? "" : "IPv6"
        let length = self[keyPath: path]
        let most = family.bitCount - 2
        if length > 0 {
            if length > most { return ("\(prefix)SubnetLen", "/\(length) leaves no room for a bridge: at most \(most)") }
            if length < network.length + 2 {
                return ("\(prefix)SubnetLen", "\(prefix)Network \(network) holds fewer than four /\(length) subnets")
            }
            return nil
        }
        if network.length > most - 2 {
            return ("\(prefix)Network", "\(network) is too small: a /\(most - 2) is the least that is useful")
        }
        let usual = family == .ipv4 ? 24 : 64
        self[keyPath: path] = network.length <= usual - 2 ? usual : network.length + 2
        return nil
    }
}

extension AddressBits {
    /// 2 to the power of `exponent`; zero from 128 on.
    static func bit(_ exponent: Int) -> AddressBits {
        switch exponent {
        case 0..<64: AddressBits(high: 0, low: 1 << UInt64(exponent))
        case 64..<128: AddressBits(high: 1 << UInt64(exponent - 64), low: 0)
        default: .zero
        }
    }

    func plus(_ other: AddressBits) -> AddressBits {
        let (low, carry) = self.low.addingReportingOverflow(other.low)
        return AddressBits(high: high &+ other.high &+ (carry ? 1 : 0), low: low)
    }

    func minus(_ other: AddressBits) -> AddressBits {
        let (low, borrow) = self.low.subtractingReportingOverflow(other.low)
        return AddressBits(high: high &- other.high &- (borrow ? 1 : 0), low: low)
    }
}

extension IPAddress {
    /// Wraps around within the family's width.
    func adding(_ amount: AddressBits) -> IPAddress {
        IPAddress(family: family, bits: bits.plus(amount) & .mask(prefixLength: family.bitCount, family: family))
    }

    func subtracting(_ amount: AddressBits) -> IPAddress {
        IPAddress(family: family, bits: bits.minus(amount) & .mask(prefixLength: family.bitCount, family: family))
    }
}

extension IPPrefix {
    /// The prefix of the same length right behind this one; wraps around.
    var next: IPPrefix { IPPrefix(address.adding(.bit(family.bitCount - length)), length: length) }

    func overlaps(_ other: IPPrefix) -> Bool {
        length < other.length ? contains(other.address) : other.contains(address)
    }
}
