import HawseModel
import HawseWire

extension SetTable {
    private func refusal(_ set: SetInstance, _ message: String) -> DataplaneError {
        DataplaneError("set \(set.name): \(message)")
    }

    /// Adds what one line of `ipset add` says: an address or port range is many elements.
    mutating func insert(
        _ entry: IPSet.Entry, into handle: UInt16, exist: Bool, now: Instant
    ) throws(DataplaneError) {
        let set = sets + Int(handle)
        if set.pointee.kind == .listSet { return try insertMember(entry, into: set, now: now) }
        var value = SetInstance.Entry()
        value.expires = set.pointee.expiry(entry.timeout, now)
        value.packets = entry.counters?.packets ?? 0
        value.bytes = entry.counters?.bytes ?? 0
        value.noMatch = entry.noMatch
        value.comment = set.pointee.comment(entry.comment)
        if let mark = entry.skbMark {
            value.mark = mark.value
            value.markMask = mark.mask
            value.hasSkbInfo = true
        }
        value.priority = entry.skbPriority ?? 0
        value.queue = entry.skbQueue ?? 0
        if set.pointee.kind == .bitmapIPMac {
            if let mac = entry.mac {
                value.mac = mac.value
                value.hasMAC = true
            } else {
                value.mac = UInt64(entry.timeout ?? set.pointee.options.timeout ?? 0)
                value.expires = .distantFuture
            }
        }
        for key in try keys(entry, set) { set.pointee.put(standing(key, in: set), value, exist: exist, now: now) }
    }

    /// The node's clock begins to run: elements that were there before live from now on.
    mutating func beginLives(at now: Instant) {
        for i in 0..<count where sets[i].options.timeout != nil {
            var index = sets[i].entries.first
            while index != .max {
                let row = sets[i].entries[index]
                if row.pointee.value.expires != .distantFuture {
                    row.pointee.value.expires = row.pointee.value.expires + (now - .zero)
                }
                index = row.pointee.next
            }
        }
    }

    /// How many elements an entry stands for that are not there yet. Throws what `insert` would.
    mutating func check(_ entry: IPSet.Entry, for handle: UInt16, members: (String) -> Bool) throws(DataplaneError) -> Int {
        let set = sets + Int(handle)
        guard set.pointee.kind != .listSet else {
            guard let name = entry.set, members(name) else {
                throw refusal(set.pointee, "there is no set named \"\(entry.set ?? "")\"")
            }
            return 0
        }
        return try keys(entry, set).count { set.pointee.entries.find(standing($0, in: set)) == nil }
    }

    /// Takes out what an entry stands for; false when some of it is not there.
    @discardableResult
    mutating func delete(_ entry: IPSet.Entry, from handle: UInt16, isTrial: Bool) throws(DataplaneError) -> Bool {
        let set = sets + Int(handle)
        if set.pointee.kind == .listSet {
            guard let name = entry.set, let member = self.handle(of: name),
                let index = set.pointee.entries.find(EntryKey(.zero, .zero, UInt64(member)))
            else { return false }
            guard !isTrial else { return true }
            set.pointee.entries.remove(index)
            set.pointee.members.removeAll { $0 == member }
            return true
        }
        var isComplete = true
        for key in try keys(entry, set) {
            guard let index = set.pointee.entries.find(standing(key, in: set)) else {
                isComplete = false
                continue
            }
            if !isTrial { set.pointee.remove(index) }
        }
        return isComplete
    }

    private mutating func insertMember(
        _ entry: IPSet.Entry, into list: UnsafeMutablePointer<SetInstance>, now: Instant
    ) throws(DataplaneError) {
        guard let name = entry.set, let member = self.handle(of: name) else {
            throw refusal(list.pointee, "there is no set named \"\(entry.set ?? "")\"")
        }
        guard sets[Int(member)].kind != .listSet else { throw refusal(list.pointee, "\(name) is a list itself") }
        var value = SetInstance.Entry()
        value.expires = list.pointee.expiry(entry.timeout, now)
        value.packets = entry.counters?.packets ?? 0
        value.bytes = entry.counters?.bytes ?? 0
        value.comment = list.pointee.comment(entry.comment)
        let key = EntryKey(.zero, .zero, UInt64(member))
        guard list.pointee.entries.find(key) == nil else { return }
        _ = list.pointee.entries.insert(key, value)
        list.pointee.members.append(member)
    }

    /// All elements that an entry stands for.
    private mutating func keys(
        _ entry: IPSet.Entry, _ set: UnsafeMutablePointer<SetInstance>
    ) throws(DataplaneError) -> [EntryKey] {
        let kind = set.pointee.kind
        let isNet1 = kind == .hashNet || kind == .hashNetNet || kind == .hashNetPort || kind == .hashNetPortNet
            || kind == .hashNetIface
        let isNet2 = kind == .hashNetNet || kind == .hashNetPortNet || kind == .hashIPPortNet
        var firsts: [(AddressBits, UInt8)] = [(.zero, 0)]
        if kind != .bitmapPort, kind != .hashMac {
            guard let first = entry.first else { throw refusal(set.pointee, "an entry without an address") }
            firsts = try addresses(first, entry.firstEnd, isNet: isNet1, set.pointee)
        }
        var seconds: [(AddressBits, UInt8)] = [(.zero, 0)]
        if isNet2 || kind == .hashIPPortIP {
            guard let second = entry.second else { throw refusal(set.pointee, "an entry without its second address") }
            seconds = try addresses(second, nil, isNet: isNet2, set.pointee)
        }
        var rests: [UInt64] = [0]
        switch kind {
        case .bitmapPort:
            guard let port = entry.port else { throw refusal(set.pointee, "an entry without a port") }
            rests = (port.lower...max(port.lower, port.upper)).map { UInt64($0) }
        case .hashMac, .hashIPMac:
            guard let mac = entry.mac else { throw refusal(set.pointee, "an entry without a MAC address") }
            rests = [mac.value]
        case .hashIPMark: rests = [UInt64((entry.mark ?? 0) & (set.pointee.options.markMask ?? .max))]
        case .hashIPPort, .hashIPPortIP, .hashIPPortNet, .hashNetPort, .hashNetPortNet:
            guard let port = entry.port else { throw refusal(set.pointee, "an entry without a port") }
            rests = (port.lower...max(port.lower, port.upper)).map {
                SetKey.pack(port: $0, ipProtocol: port.ipProtocol)
            }
        case .hashNetIface:
            let number = UInt64(interfaceNumber(entry.interface ?? "")) & 0x3f_ffff
            rests = [number << 40 | (entry.isPhysdev ? 1 << 63 : 0) | (entry.isWildcard ? SetKey.wildcard : 0)]
        default: break
        }
        guard firsts.count * seconds.count * rests.count <= 1 << 20 else {
            throw refusal(set.pointee, "one entry stands for more than a million elements")
        }
        var keys: [EntryKey] = []
        for (a, first) in firsts {
            for (b, second) in seconds {
                for rest in rests { keys.append(EntryKey(a, b, rest | SetKey.pack(first: first, second: second))) }
            }
        }
        return keys
    }

    /// The addresses or networks of a range or prefix; lengths are 0 where the set has none.
    private func addresses(
        _ prefix: IPPrefix, _ end: IPAddress?, isNet: Bool, _ set: SetInstance
    ) throws(DataplaneError) -> [(AddressBits, UInt8)] {
        let family = set.options.family
        guard prefix.family == family else { throw refusal(set, "\(prefix) is of the other address family") }
        let mask = set.options.mask ?? .mask(prefixLength: family.bitCount, family: family)
        if isNet {
            guard let end else { return [(prefix.network.address.bits & mask, UInt8(prefix.length))] }
            return networks(from: prefix.address.bits, to: end.bits, family: family)
        }
        var address = prefix.network.address.bits
        var last = prefix.last.bits
        if let end {
            address = prefix.address.bits
            last = end.bits
        }
        // The steps of a range are those of `netmask` where they are steps; elsewhere only its beginning is masked.
        let isStepped = set.options.netmask != nil && set.kind != .hashIPPort
        address = address & mask
        var all: [(AddressBits, UInt8)] = []
        while !(last < address) {
            let masked = isStepped ? address & mask : address
            if all.last?.0 != masked { all.append((masked, 0)) }
            guard all.count <= 1 << 20 else { throw refusal(set, "one entry stands for more than a million elements") }
            if address == last { break }
            address = address.adding(1)
        }
        return all
    }

    /// The fewest prefixes that cover a range exactly (`ip_set_range_to_cidr`).
    private func networks(from first: AddressBits, to last: AddressBits, family: AddressFamily) -> [(AddressBits, UInt8)] {
        var all: [(AddressBits, UInt8)] = []
        var address = first
        while !(last < address) {
            var length = family.bitCount
            while length > 0 {
                let mask = AddressBits.mask(prefixLength: length - 1, family: family)
                let host = ~mask & .mask(prefixLength: family.bitCount, family: family)
                if address & mask != address || last < (address | host) { break }
                length -= 1
            }
            all.append((address, UInt8(length)))
            let mask = AddressBits.mask(prefixLength: length, family: family)
            let top = address | (~mask & .mask(prefixLength: family.bitCount, family: family))
            if top == last || all.count > 4096 { break }
            address = top.adding(1)
        }
        return all
    }

    // MARK: Listing

    /// All sets as they are now, with counters and seconds left; what the kernel fills in is filled in.
    func listing(at now: Instant) -> [IPSet] {
        (0..<count).filter { !sets[$0].name.isEmpty }.map { list(sets + $0, now) }
    }

    private func list(_ set: UnsafeMutablePointer<SetInstance>, _ now: Instant) -> IPSet {
        var options = set.pointee.options
        if set.pointee.kind.rawValue.hasPrefix("hash:") {
            options.hashSize = options.hashSize ?? 1024
            options.maxElements = options.maxElements ?? 65536
            options.bucketSize = options.bucketSize ?? 12
        } else if set.pointee.kind == .listSet {
            options.size = options.size ?? 8
        }
        var entries: [IPSet.Entry] = []
        if set.pointee.kind == .listSet {
            for member in set.pointee.members {
                guard let index = set.pointee.entries.find(EntryKey(.zero, .zero, UInt64(member))) else { continue }
                let value = set.pointee.entries[index].pointee.value
                guard set.pointee.isLive(value, now) else { continue }
                var entry = extras(set, value, now)
                entry.set = sets[Int(member)].name
                entries.append(entry)
            }
        } else {
            var index = set.pointee.entries.first
            while index != .max {
                let row = set.pointee.entries[index].pointee
                if set.pointee.isLive(row.value, now) { entries.append(entry(set, row.key, row.value, now)) }
                index = row.next
            }
        }
        return IPSet(name: set.pointee.name, kind: set.pointee.kind, options: options, entries: entries)
    }

    private func extras(_ set: UnsafeMutablePointer<SetInstance>, _ value: SetInstance.Entry, _ now: Instant) -> IPSet.Entry {
        var entry = IPSet.Entry()
        if set.pointee.options.timeout != nil, set.pointee.kind == .bitmapIPMac, !value.hasMAC {
            entry.timeout = UInt32(truncatingIfNeeded: value.mac)
        } else if set.pointee.options.timeout != nil {
            entry.timeout =
                value.expires == .distantFuture
                ? 0 : UInt32(clamping: max((value.expires - now) / 1_000_000_000, 1))
        }
        if set.pointee.options.counters { entry.counters = Counters(packets: value.packets, bytes: value.bytes) }
        if value.comment != 0 { entry.comment = set.pointee.comments[Int(value.comment)] }
        if set.pointee.options.skbinfo {
            if value.hasSkbInfo { entry.skbMark = MaskedValue(value: value.mark, mask: value.markMask) }
            if value.priority != 0 { entry.skbPriority = value.priority }
            if value.queue != 0 { entry.skbQueue = value.queue }
        }
        entry.noMatch = value.noMatch
        return entry
    }

    private func entry(
        _ set: UnsafeMutablePointer<SetInstance>, _ key: EntryKey, _ value: SetInstance.Entry, _ now: Instant
    ) -> IPSet.Entry {
        var entry = extras(set, value, now)
        let family = set.pointee.options.family
        let lengths = SetKey.lengths(key)
        func prefix(_ bits: AddressBits, _ length: UInt8, isNet: Bool) -> IPPrefix {
            IPPrefix(
                IPAddress(family: family, bits: bits), length: isNet ? min(Int(length), family.bitCount) : family.bitCount)
        }
        func port() -> IPSet.Entry.Port {
            IPSet.Entry.Port(
                ipProtocol: SetKey.ipProtocol(key), lower: SetKey.port(key))
        }
        switch set.pointee.kind {
        case .bitmapIP, .hashIP: entry.first = prefix(key.a, 0, isNet: false)
        case .bitmapIPMac:
            entry.first = prefix(key.a, 0, isNet: false)
            if value.hasMAC { entry.mac = MACAddress(value.mac) }
        case .bitmapPort: entry.port = IPSet.Entry.Port(ipProtocol: .tcp, lower: SetKey.port(key))
        case .hashMac: entry.mac = MACAddress(key.rest)
        case .hashIPMac:
            entry.first = prefix(key.a, 0, isNet: false)
            entry.mac = MACAddress(key.rest)
        case .hashIPMark:
            entry.first = prefix(key.a, 0, isNet: false)
            entry.mark = UInt32(truncatingIfNeeded: key.rest)
        case .hashIPPort:
            entry.first = prefix(key.a, 0, isNet: false)
            entry.port = port()
        case .hashIPPortIP:
            entry.first = prefix(key.a, 0, isNet: false)
            entry.second = prefix(key.b, 0, isNet: false)
            entry.port = port()
        case .hashIPPortNet:
            entry.first = prefix(key.a, 0, isNet: false)
            entry.second = prefix(key.b, lengths.second, isNet: true)
            entry.port = port()
        case .hashNet: entry.first = prefix(key.a, lengths.first, isNet: true)
        case .hashNetNet:
            entry.first = prefix(key.a, lengths.first, isNet: true)
            entry.second = prefix(key.b, lengths.second, isNet: true)
        case .hashNetPort:
            entry.first = prefix(key.a, lengths.first, isNet: true)
            entry.port = port()
        case .hashNetPortNet:
            entry.first = prefix(key.a, lengths.first, isNet: true)
            entry.second = prefix(key.b, lengths.second, isNet: true)
            entry.port = port()
        case .hashNetIface:
            entry.first = prefix(key.a, lengths.first, isNet: true)
            entry.interface = interfaceNames[SetKey.interface(key)]
            entry.isPhysdev = SetKey.isPhysdev(key)
            entry.isWildcard = SetKey.isWildcard(key)
        case .listSet: break
        }
        return entry
    }
}
