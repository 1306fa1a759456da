import HawseModel
import HawseWire

/// One ipset in use (`struct ip_set`): its entries by key, and which prefix lengths occur.
struct SetInstance {
    /// What an entry carries besides its key.
    struct Entry: BitwiseCopyable {
        /// `distantFuture`: for ever.
        var expires: Instant = .distantFuture
        var packets: UInt64 = 0
        var bytes: UInt64 = 0
        var mark: UInt32 = 0
        var markMask: UInt32 = 0
        var priority: UInt32 = 0
        var queue: UInt16 = 0
        var noMatch = false
        /// bitmap:ip,mac: the MAC, once it is known.
        var hasMAC = false
        /// Without a MAC the seconds that the entry will live from when it has one: until then it waits and does not expire.
        var mac: UInt64 = 0
        /// hash:net,iface has no MAC: the next entry of the same network.
        var nextOfNetwork: UInt32 {
            get { UInt32(truncatingIfNeeded: mac) }
            set { mac = UInt64(newValue) }
        }
        /// Into `comments`; 0: none.
        var comment: UInt32 = 0
        var hasSkbInfo = false
    }

    var name: String
    let kind: IPSet.Kind
    var options: IPSet.Options
    var entries: EntryTable<Entry>
    /// Entries per prefix length of the first and the second network.
    var lengths1: PrefixLengths
    var lengths2: PrefixLengths
    /// hash:net,iface: the entries of each network, whatever their device, in the order in which they came.
    var groups: EntryTable<SetGroup>
    var comments: [String] = [""]
    /// list:set: handles of the members, in order, and what each carries.
    var members: [UInt16] = []

    init(_ set: IPSet, seed: UInt64) {
        name = set.name
        kind = set.kind
        options = set.options
        entries = EntryTable(seed: seed, capacity: set.entries.count)
        lengths1 = PrefixLengths()
        lengths2 = PrefixLengths()
        groups = EntryTable(seed: seed)
    }

    func deallocate() {
        entries.deallocate()
        groups.deallocate()
    }

    /// Entries for ports of a bridge are a network of their own: they lie elsewhere in the kernel's hash.
    static func group(_ key: EntryKey) -> EntryKey {
        EntryKey(key.a, .zero, UInt64(SetKey.lengths(key).first) | (SetKey.isPhysdev(key) ? 1 << 63 : 0))
    }

    /// Number of packet sides a rule must name.
    var dimension: Int {
        switch kind {
        case .bitmapIP, .bitmapPort, .hashIP, .hashMac, .hashNet, .listSet: 1
        case .bitmapIPMac, .hashIPMac, .hashIPMark, .hashIPPort, .hashNetNet, .hashNetPort, .hashNetIface: 2
        case .hashIPPortIP, .hashIPPortNet, .hashNetPortNet: 3
        }
    }

    /// Sets that are hash tables, and so have a most of elements.
    var isHash: Bool {
        switch kind {
        case .bitmapIP, .bitmapIPMac, .bitmapPort, .listSet: false
        default: true
        }
    }
    /// Sets of any family: those without addresses.
    var isFamilyless: Bool { kind == .bitmapPort || kind == .listSet || kind == .hashMac }
    /// The set has networks, and so `nomatch`.
    var hasNetworks: Bool {
        switch kind {
        case .hashNet, .hashNetNet, .hashNetPort, .hashNetPortNet, .hashNetIface, .hashIPPortNet: true
        default: false
        }
    }

    @inline(__always)
    func isLive(_ entry: Entry, _ now: Instant) -> Bool { now < entry.expires }

    /// The default end of an entry's life.
    func expiry(_ timeout: UInt32?, _ now: Instant) -> Instant {
        guard let standard = options.timeout else { return .distantFuture }
        let seconds = timeout ?? standard
        return seconds == 0 ? .distantFuture : now + .seconds(Int64(seconds))
    }

    mutating func comment(_ text: String?) -> UInt32 {
        guard options.comment, let text, !text.isEmpty else { return 0 }
        comments.append(text)
        return UInt32(comments.count - 1)
    }

    /// What became of an entry that was put in.
    enum Placement { case refused, replaced, new }

    /// Puts an entry in or over an old one (`mtype_add`); refused when it is there and may not be replaced, or no room is.
    /// A packet (`keepsComment`) leaves a hash's comment as it is; bitmaps lose theirs, as both do by `ipset add -exist`.
    @discardableResult
    mutating func put(_ key: EntryKey, _ entry: Entry, exist: Bool, keepsComment: Bool = false, now: Instant) -> Placement {
        if let index = entries.find(key) {
            if kind == .bitmapIPMac { return complete(index, entry, exist: exist, now: now) }
            let old = entries[index].pointee.value
            guard exist || !isLive(old, now) else { return .refused }
            entries[index].pointee.value = entry
            if kind == .hashNetIface { entries[index].pointee.value.nextOfNetwork = old.nextOfNetwork }
            if keepsComment, isHash { entries[index].pointee.value.comment = old.comment }
            return .replaced
        }
        let limit = Int(options.maxElements ?? 65536)
        if isHash, entries.count >= limit {
            removeExpired(now)
            if entries.count >= limit {
                guard options.forceAdd, entries.count > 0 else { return .refused }
                remove(entries.first)
            }
        }
        let index = entries.insert(key, entry)
        count(key, 1)
        if kind == .hashNetIface { link(index) }
        return .new
    }

    /// `bitmap_ipmac_do_add` for an entry that is there: it takes a MAC that it does not have, and keeps one that it has
    /// unless it may be replaced. What the entry carries begins anew.
    private mutating func complete(_ index: UInt32, _ entry: Entry, exist: Bool, now: Instant) -> Placement {
        let old = entries[index].pointee.value
        var new = entry
        if !old.hasMAC {
            guard entry.hasMAC || exist else { return .refused }
            if entry.hasMAC, entry.expires == expiry(nil, now) { new.expires = expiry(UInt32(truncatingIfNeeded: old.mac), now) }
        } else {
            guard exist || !isLive(old, now) else { return .refused }
            if !exist || !entry.hasMAC { (new.mac, new.hasMAC) = (old.mac, true) }
        }
        entries[index].pointee.value = new
        return .replaced
    }

    mutating func remove(_ index: UInt32) {
        if kind == .hashNetIface { unlink(index) }
        count(entries[index].pointee.key, -1)
        entries.remove(index)
    }

    mutating func removeExpired(_ now: Instant) {
        guard options.timeout != nil else { return }
        var index = entries.first
        while index != .max {
            let next = entries[index].pointee.next
            if !isLive(entries[index].pointee.value, now) { remove(index) }
            index = next
        }
    }

    private mutating func count(_ key: EntryKey, _ step: Int) {
        guard hasNetworks else { return }
        let fields = SetKey.lengths(key)
        if kind == .hashIPPortNet {
            lengths2.count(fields.second, step)
        } else {
            lengths1.count(fields.first, step)
            if kind == .hashNetNet || kind == .hashNetPortNet { lengths2.count(fields.second, step) }
        }
    }
}

/// The entries of one network, the first and the last of a list.
struct SetGroup: BitwiseCopyable {
    var first: UInt32
    var last: UInt32
}

extension SetInstance {
    fileprivate mutating func link(_ index: UInt32) {
        entries[index].pointee.value.nextOfNetwork = .max
        let key = Self.group(entries[index].pointee.key)
        guard let group = groups.find(key) else {
            _ = groups.insert(key, SetGroup(first: index, last: index))
            return
        }
        entries[groups[group].pointee.value.last].pointee.value.nextOfNetwork = index
        groups[group].pointee.value.last = index
    }

    fileprivate mutating func unlink(_ index: UInt32) {
        guard let number = groups.find(Self.group(entries[index].pointee.key)) else { return }
        let group = groups[number]
        let next = entries[index].pointee.value.nextOfNetwork
        if group.pointee.value.first == index {
            if next == .max { groups.remove(number) } else { group.pointee.value.first = next }
            return
        }
        var before = group.pointee.value.first
        while entries[before].pointee.value.nextOfNetwork != index { before = entries[before].pointee.value.nextOfNetwork }
        entries[before].pointee.value.nextOfNetwork = next
        if group.pointee.value.last == index { group.pointee.value.last = before }
    }
}

/// Which prefix lengths occur, the longest first: the order in which a lookup tries them.
struct PrefixLengths {
    private var counts = [Int](repeating: 0, count: 129)
    /// Descending.
    private(set) var present: [UInt8] = []

    mutating func count(_ length: UInt8, _ step: Int) {
        let i = Int(min(length, 128))
        let before = counts[i]
        counts[i] += step
        if before == 0, counts[i] > 0 {
            present.append(UInt8(i))
            present.sort(by: >)
        } else if before > 0, counts[i] == 0 {
            present.removeAll { $0 == UInt8(i) }
        }
    }

    /// The length an address given without one gets (`INIT_CIDR`).
    func standard(_ family: AddressFamily) -> UInt8 { present.first ?? UInt8(family.bitCount) }
}

/// How an entry's fields are packed into a key's last word.
///
///     bits 0…15 port (or ICMP type and code)   16…23 protocol   24…31 first length   32…39 second length
///     40…61 interface number or nothing   62 wildcard   63 physdev; hash:mac and hash:ip,mac: 0…47 the MAC; hash:ip,mark: 0…31 the mark
enum SetKey {
    @inline(__always)
    static func pack(port: UInt16 = 0, ipProtocol: IPProtocol = .unspecified, first: UInt8 = 0, second: UInt8 = 0) -> UInt64 {
        UInt64(port) | UInt64(ipProtocol.rawValue) << 16 | UInt64(first) << 24 | UInt64(second) << 32
    }

    @inline(__always)
    static func lengths(_ key: EntryKey) -> (first: UInt8, second: UInt8) {
        (UInt8(truncatingIfNeeded: key.rest >> 24), UInt8(truncatingIfNeeded: key.rest >> 32))
    }

    @inline(__always) static func port(_ key: EntryKey) -> UInt16 { UInt16(truncatingIfNeeded: key.rest) }
    @inline(__always) static func ipProtocol(_ key: EntryKey) -> IPProtocol {
        IPProtocol(rawValue: UInt8(truncatingIfNeeded: key.rest >> 16))
    }
    static let wildcard: UInt64 = 1 << 62
    @inline(__always) static func interface(_ key: EntryKey) -> Int { Int(key.rest >> 40 & 0x3f_ffff) }
    @inline(__always) static func isWildcard(_ key: EntryKey) -> Bool { key.rest & wildcard != 0 }
    @inline(__always) static func isPhysdev(_ key: EntryKey) -> Bool { key.rest >> 63 != 0 }
}
