/// What speaks against a setting, in words that name it.
public struct SysctlObjection: Error, Hashable, Sendable {
    public var message: String
    /// The nearest name that the kernel has.
    public var suggestion: String?
}

extension Sysctls {
    /// Whether Linux has a setting of this name; what none of the dataplane reads counts too.
    public static func isKnown(_ name: String) -> Bool {
        if SysctlNames.foreign.contains(where: { name.hasPrefix($0 + ".") }) { return true }
        let (place, key) = parts(of: name)
        return SysctlNames.byPlace[place]?.contains(key) ?? false
    }

    /// What speaks against a setting of a name and a value: no kernel has it, or it takes numbers.
    public static func objection(to name: String, value: String) -> SysctlObjection? {
        guard isKnown(name) else {
            return SysctlObjection(message: "there is no setting `\(name)'", suggestion: nearest(to: name))
        }
        let key = parts(of: name).key
        if SysctlNames.words.contains(key) || SysctlNames.foreign.contains(where: { name.hasPrefix($0 + ".") }) { return nil }
        let words = value.split(whereSeparator: \.isWhitespace)
        guard !words.isEmpty, words.allSatisfy(isNumber) else {
            return SysctlObjection(message: "\(name): `\(value)' is no number", suggestion: nil)
        }
        guard let bounds = bounds[String(key)], !words.allSatisfy({ Int($0).map(bounds.contains) ?? false }) else { return nil }
        return SysctlObjection(message: "\(name): \(value) is not in \(bounds.lowerBound)…\(bounds.upperBound)", suggestion: nil)
    }

    /// What the kernel holds some settings to (`proc_dointvec_minmax`).
    private static let bounds: [String: ClosedRange<Int>] = [
        "ip_default_ttl": 1...255, "hop_limit": 1...255, "fib_multipath_hash_policy": 0...3, "fib_multipath_use_neigh": 0...1,
    ]

    /// Of any size: the kernel's own counters and limits are longer than a signed word.
    private static func isNumber(_ word: Substring) -> Bool {
        let digits = word.hasPrefix("-") ? word.dropFirst() : word
        return !digits.isEmpty && digits.utf8.allSatisfy { (48...57).contains($0) }
    }

    /// The device that a name is about; `nil` for those of the whole node, `all` and `default`.
    public static func device(in name: String) -> String? {
        for place in SysctlNames.devicePlaces where name.hasPrefix(place + ".") {
            guard let dot = name.lastIndex(of: "."), name.index(name.startIndex, offsetBy: place.count) < dot else { return nil }
            let device = name[name.index(name.startIndex, offsetBy: place.count + 1)..<dot]
            return device == "all" || device == "default" ? nil : String(device)
        }
        return nil
    }

    /// The place and the last word; a device, whose name may have dots, belongs to neither.
    private static func parts(of name: String) -> (place: String, key: Substring) {
        guard let dot = name.lastIndex(of: ".") else { return ("", name[...]) }
        let key = name[name.index(after: dot)...]
        let place = String(name[..<dot])
        for base in SysctlNames.devicePlaces where place.hasPrefix(base + ".") { return (base, key) }
        return (SysctlNames.devicePlaces.contains(place) ? "" : place, key)
    }

    private static func nearest(to name: String) -> String? {
        let (place, key) = parts(of: name)
        if SysctlNames.devicePlaces.contains(place), let known = SysctlNames.byPlace[place] {
            guard let word = nearestWord(String(key), among: known.map(String.init)) else { return nil }
            return name.dropLast(key.count) + word
        }
        let all = SysctlNames.byPlace.flatMap { place, keys in
            keys.map { SysctlNames.devicePlaces.contains(place) ? "\(place).all.\($0)" : "\(place).\($0)" }
        }
        return nearestWord(name, among: all)
    }
}
