import HawseModel
import HawseWire

/// A device's name as two words, so that packets compare it without looking at text.
struct InterfaceWords: BitwiseCopyable {
    private var high: UInt64 = 0
    private var low: UInt64 = 0
    private var count: UInt8 = 0

    init(_ name: String) {
        for byte in name.utf8.prefix(16) {
            if count < 8 {
                high |= UInt64(byte) << UInt64(56 - 8 * count)
            } else {
                low |= UInt64(byte) << UInt64(120 - 8 * count)
            }
            count += 1
        }
    }

    func begins(_ other: InterfaceWords) -> Bool {
        let bits = UInt64(count) * 8
        let highMask: UInt64 = bits >= 64 ? .max : ~(.max >> bits)
        let lowMask: UInt64 = bits <= 64 ? 0 : bits >= 128 ? .max : ~(.max >> (bits - 64))
        return (high ^ other.high) & highMask == 0 && (low ^ other.low) & lowMask == 0
    }
}

/// hash:net,iface: several entries of one network, each for its device (`ip_set_hash_netiface.c`).
extension SetTable {
    /// An entry holds for a device: for its own, or with `wildcard` for all whose names begin like it.
    private func holds(_ entry: EntryKey, for device: Int) -> Bool {
        let own = SetKey.interface(entry)
        guard SetKey.isWildcard(entry) else { return own == device }
        guard own < interfaceWords.count, device < interfaceWords.count else { return false }
        return interfaceWords[own].begins(interfaceWords[device])
    }

    /// The first entry that the kernel takes for the same as `key`: a wildcard's comes before the one that is meant.
    func standing(_ key: EntryKey, in set: UnsafeMutablePointer<SetInstance>) -> EntryKey {
        guard set.pointee.kind == .hashNetIface, let group = set.pointee.groups.find(SetInstance.group(key)) else { return key }
        var index = set.pointee.groups[group].pointee.value.first
        while index != .max {
            let row = set.pointee.entries[index]
            if holds(row.pointee.key, for: SetKey.interface(key)) { return row.pointee.key }
            index = row.pointee.value.nextOfNetwork
        }
        return key
    }

    /// Networks from the longest on. One that is there for other devices hides the wider ones, unless its entry for this device
    /// comes after those and says no (`multi` of `mtype_test_cidrs`).
    func findByDevice(
        _ set: UnsafeMutablePointer<SetInstance>, _ key: EntryKey, _ context: RuleContext, _ test: inout SetTest
    ) -> SetFinding {
        for length in set.pointee.lengths1.present {
            let element = masked(set, key, first: length)
            guard let group = set.pointee.groups.find(SetInstance.group(element)) else { continue }
            var isHiding = false
            var index = set.pointee.groups[group].pointee.value.first
            while index != .max {
                let row = set.pointee.entries[index]
                isHiding = true
                if holds(row.pointee.key, for: SetKey.interface(element)) {
                    if accepts(set, index, context, &test) { return row.pointee.value.noMatch ? .noMatch : .hit }
                    isHiding = false
                }
                index = row.pointee.value.nextOfNetwork
            }
            if isHiding { return .miss }
        }
        return .miss
    }
}
