import HawseModel
import HawseWire

extension IPSet {
    /// The set as the kernel stores and `ipset save` shows it: defaults filled in, ranges as their single elements.
    public var completed: IPSet {
        var set = self
        set.options = options.completed(for: kind)
        set.entries = []
        for entry in entries {
            for var element in expanded(entry) {
                if options.counters, element.counters == nil { element.counters = .zero }
                if let timeout = options.timeout, element.timeout == nil { element.timeout = timeout }
                set.entries.append(element)
            }
        }
        return set
    }

    private static let expansionLimit: UInt64 = 1 << 17

    /// The elements that one entry stands for; itself when it is one, or too wide.
    private func expanded(_ entry: Entry) -> [Entry] {
        var elements = [entry]
        if let first = entry.first, kind.parts.first == .addresses || kind.parts.first == .network {
            elements = first.family == .ipv4 ? addresses(entry, first) : elements
        }
        guard let port = entry.port, port.upper > port.lower else { return elements }
        return elements.flatMap { element in
            (port.lower...port.upper).map { number in
                var copy = element
                copy.port = Entry.Port(ipProtocol: port.ipProtocol, lower: number)
                return copy
            }
        }
    }

    private func addresses(_ entry: Entry, _ first: IPPrefix) -> [Entry] {
        func element(_ prefix: IPPrefix) -> Entry {
            var copy = entry
            copy.first = prefix
            copy.firstEnd = nil
            return copy
        }
        let lower = first.address.bits.ipv4
        let upper = entry.firstEnd?.bits.ipv4 ?? first.last.bits.ipv4
        guard upper > lower, UInt64(upper - lower) < Self.expansionLimit else { return [entry] }
        if kind.parts.first == .network {
            guard entry.firstEnd != nil else { return [entry] }
            return prefixes(lower, upper).map { element($0) }
        }
        let isStepped = kind == .hashIP || kind == .bitmapIP
        let step = (isStepped ? options.netmask : nil).map { UInt32(1) << (32 - UInt32(min(32, max(1, $0)))) } ?? 1
        return stride(from: UInt64(lower), through: UInt64(upper), by: Int(step)).map { address in
            element(IPPrefix(IPAddress(ipv4: UInt32(address) & ~(step - 1)), length: 32))
        }
    }

    /// The fewest prefixes that make up a range (`ip_set_range_to_cidr`).
    private func prefixes(_ lower: UInt32, _ upper: UInt32) -> [IPPrefix] {
        var found: [IPPrefix] = []
        var next = UInt64(lower)
        while next <= UInt64(upper) {
            var bits = min(32, next == 0 ? 32 : next.trailingZeroBitCount)
            while bits > 0, next + (1 << UInt64(bits)) - 1 > UInt64(upper) { bits -= 1 }
            found.append(IPPrefix(IPAddress(ipv4: UInt32(next)), length: 32 - bits))
            next += 1 << UInt64(bits)
        }
        return found
    }
}

extension IPSet.Options {
    func completed(for kind: IPSet.Kind) -> IPSet.Options {
        var options = self
        // A mask of all bits is none.
        if options.netmask.map(Int.init) == family.bitCount { options.netmask = nil }
        if options.bitmask?.bits == .mask(prefixLength: family.bitCount, family: family) { options.bitmask = nil }
        if kind == .listSet {
            options.size = max(4, size ?? 8)
        } else if kind.isHash {
            // A power of two, at least 64; buckets grow in steps of two.
            var buckets: UInt32 = 64
            while buckets < hashSize ?? 1024, buckets < 1 << 30 { buckets <<= 1 }
            options.hashSize = buckets
            options.maxElements = maxElements.flatMap { $0 == 0 ? nil : $0 } ?? 65536
            let wanted = bucketSize ?? 12
            options.bucketSize = wanted < 2 ? 2 : wanted > 12 ? 12 : wanted + wanted % 2
        }
        return options
    }
}
