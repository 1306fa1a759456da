import HawseModel
import HawseWire

/// Prints sets as `ipset save` does.
public struct IPSetPrinter: Sendable {
    public init() {}

    public func text(_ sets: [IPSet]) -> String {
        var out = ""
        for set in sets {
            out += header(set) + "\n"
            for entry in set.entries { out += line(entry, of: set) + "\n" }
        }
        return out
    }

    /// With `T` for the time left of each element, and without the set's random hash seed.
    public func timelessText(_ sets: [IPSet]) -> String {
        var out = ""
        for set in sets {
            var plain = set
            plain.options.initialValue = nil
            out += header(plain) + "\n"
            for entry in set.entries {
                var text = line(entry, of: set)
                if let timeout = entry.timeout, timeout != 0,
                    let range = text.range(of: " timeout \(timeout)")
                {
                    text.replaceSubrange(range, with: " timeout T")
                }
                out += text + "\n"
            }
        }
        return out
    }

    /// `create NAME TYPE …`
    public func header(_ set: IPSet) -> String {
        let options = set.options
        var out = "create \(set.name) \(set.kind.rawValue)"
        if set.kind.hasFamily { out += " family \(options.family == .ipv4 ? "inet" : "inet6")" }
        if let range = options.addressRange { out += " range \(range.lowerBound)-\(range.upperBound)" }
        if let range = options.portRange { out += " range \(range.lowerBound)-\(range.upperBound)" }
        if let mask = options.markMask, set.kind == .hashIPMark {
            out += " markmask \(hexText(mask, width: 8))"
        }
        if let size = options.hashSize { out += " hashsize \(size)" }
        if let count = options.maxElements { out += " maxelem \(count)" }
        if let size = options.size { out += " size \(size)" }
        // The types that have learnt of masks late show them last.
        if !set.kind.showsMaskLast { out += mask(options) }
        if let timeout = options.timeout { out += " timeout \(timeout)" }
        if options.counters { out += " counters" }
        if options.comment { out += " comment" }
        if options.skbinfo { out += " skbinfo" }
        if let size = options.bucketSize { out += " bucketsize \(size)" }
        if let value = options.initialValue { out += " initval \(hexText(value, width: 8))" }
        if set.kind.showsMaskLast { out += mask(options) }
        return out
    }

    private func mask(_ options: IPSet.Options) -> String {
        if let netmask = options.netmask { return " netmask \(netmask)" }
        return options.bitmask.map { " bitmask \($0)" } ?? ""
    }

    /// `add NAME ELEMENT …`
    public func line(_ entry: IPSet.Entry, of set: IPSet) -> String {
        var out = "add \(set.name) \(entry.text(in: set))"
        if let timeout = entry.timeout { out += " timeout \(timeout)" }
        if entry.noMatch { out += " nomatch" }
        if entry.isWildcard { out += " wildcard" }
        if let counters = entry.counters { out += " packets \(counters.packets) bytes \(counters.bytes)" }
        if let comment = entry.comment { out += " comment \"\(comment)\"" }
        if let mark = entry.skbMark { out += " skbmark \(markText(mark.value, mark.mask))" }
        if let priority = entry.skbPriority {
            out += " skbprio \(String(priority >> 16, radix: 16)):\(String(priority & 0xffff, radix: 16))"
        }
        if let queue = entry.skbQueue { out += " skbqueue \(queue)" }
        return out
    }
}
