import HawseModel
import HawseWire

/// A synchronisation message (`struct ip_vs_sync_mesg`), version 0 (IPv4 only, no timeouts) or 1. All fields are in
/// network order; a version 1 message starts with a zero byte, so that old receivers drop it.
struct SyncMessage {
    private(set) var version = 1
    private var bytes: [UInt8] = []
    private var entries = 0

    init() {}

    init(version: Int, syncID: UInt8) {
        self.version = version
        bytes = version == 0 ? [0, syncID, 0, 0] : [0, syncID, 0, 0, 0, 1, 0, 0]
    }

    var isEmpty: Bool { entries == 0 }
    /// The number of connections has one byte. Version 1 lets it run over; version 0 takes a zero for the other version.
    var isFull: Bool { version == 0 && entries == 256 }
    var count: Int { bytes.count }

    /// Where the next connection of version 1 would begin: on a word.
    var paddedCount: Int { version == 0 ? count : (count + 3) & ~3 }

    private static let engineName = Array("sip".utf8)

    /// Bytes of one connection.
    static func size(of connection: VirtualConnection, engineData: [UInt8] = [], version: Int) -> Int {
        if version == 0 { return 24 }
        let options = engineData.isEmpty ? 0 : 2 + engineData.count + 2 + engineName.count
        return (connection.version == 6 ? 72 : 36) + options
    }

    mutating func append(_ c: VirtualConnection, engineData: [UInt8] = []) {
        bytes += Array(repeating: 0, count: paddedCount - count)
        entries += 1
        var flags = c.flags
        flags.subtract(VirtualConnection.Flags.ours)
        // The sequence numbers of helpers that shift them are not kept, and so are not told.
        flags.subtract([.hashed, .sequenceMask])
        if version == 0 {
            bytes += [0, c.ipProtocol.rawValue]
            put16(c.clientPort)
            put16(c.virtualPort)
            put16(c.destinationPort)
            for address in [c.client, c.virtual, c.destination] { put32(address.ipv4) }
            put16(UInt16(truncatingIfNeeded: flags.rawValue))
            put16(UInt16(c.state))
            return
        }
        bytes += [c.version == 6 ? 1 : 0, c.ipProtocol.rawValue]
        put16(UInt16(Self.size(of: c, engineData: engineData, version: 1)))
        put32(flags.rawValue)
        put16(UInt16(c.state))
        put16(c.clientPort)
        put16(c.virtualPort)
        put16(c.destinationPort)
        put32(c.mark)
        put32(UInt32(clamping: c.timeout / Jiffies.perSecond))
        // A mark stands in the first word, whatever the family.
        let virtual = c.version == 6 && c.ipProtocol == .unspecified ? AddressBits(high: UInt64(c.virtual.ipv4) << 32, low: 0) : c.virtual
        for address in [c.client, virtual, c.destination] {
            if c.version == 6 {
                for word in [address.words.0, address.words.1, address.words.2, address.words.3] { put32(word) }
            } else {
                put32(address.ipv4)
            }
        }
        if engineData.isEmpty { return }
        bytes += [2, UInt8(truncatingIfNeeded: engineData.count)] + engineData
        bytes += [3, UInt8(Self.engineName.count)] + Self.engineName
    }

    /// The message with its size and number of connections filled in.
    var finished: [UInt8] {
        var message = bytes
        message[2] = UInt8(truncatingIfNeeded: bytes.count >> 8)
        message[3] = UInt8(truncatingIfNeeded: bytes.count)
        message[version == 0 ? 0 : 4] = UInt8(truncatingIfNeeded: entries)
        return message
    }

    private mutating func put16(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
        bytes.append(UInt8(truncatingIfNeeded: value))
    }

    private mutating func put32(_ value: UInt32) {
        put16(UInt16(truncatingIfNeeded: value >> 16))
        put16(UInt16(truncatingIfNeeded: value))
    }
}

/// One connection as a message tells of it.
struct SyncEntry: Equatable {
    var version: UInt8
    var ipProtocol: IPProtocol
    var flags: UInt32
    var state: UInt16
    var client: AddressBits
    var clientPort: UInt16
    var virtual: AddressBits
    var virtualPort: UInt16
    var destination: AddressBits
    var destinationPort: UInt16
    var mark: UInt32
    /// Seconds; 0: as the state says.
    var timeout: UInt32
    /// Of a template that the persistence engine `sip` made.
    var engineData: [UInt8] = []
}

/// Why a message is refused as a whole; nothing of it is applied.
enum SyncRefusal: Error, Hashable {
    case tooShort, wrongSize, otherSyncID, entryTooShort, entryTooLong, entryVersion, entryType, option
}

extension SyncEntry {
    /// Takes a message apart (`ip_vs_process_message`). Where the kernel applies the entries before a bad one, this one
    /// reads all first, so that a message that lies about a length changes nothing.
    ///
    /// `knowsEngine`: the persistence engine has been asked for by a service; else its module is not there.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, syncID: UInt8, knowsEngine: Bool = true
    ) throws(SyncRefusal) -> [SyncEntry] {
        guard bytes.count >= 4, let base = bytes.baseAddress else { throw .tooShort }
        guard Int(base.loadBE16(at: 2)) == bytes.count else { throw .wrongSize }
        if syncID != 0, base.load8(at: 1) != syncID { throw .otherSyncID }
        let isNew = bytes.count >= 8 && base.load8(at: 0) == 0 && base.load8(at: 5) == 1 && base.loadBE16(at: 6) == 0
        return isNew ? try parseNew(base, bytes.count, knowsEngine) : try parseOld(base, bytes.count)
    }

    private static func parseOld(_ base: UnsafeRawPointer, _ count: Int) throws(SyncRefusal) -> [SyncEntry] {
        var entries: [SyncEntry] = []
        var at = 4
        for _ in 0..<Int(base.load8(at: 0)) {
            guard at + 24 <= count else { throw .entryTooShort }
            let flags = UInt32(base.loadBE16(at: at + 20))
            entries.append(
                SyncEntry(
                    version: 4, ipProtocol: base.loadProtocol(at: at + 1), flags: flags, state: base.loadBE16(at: at + 22),
                    client: AddressBits(ipv4: base.loadBE32(at: at + 8)), clientPort: base.loadBE16(at: at + 2),
                    virtual: AddressBits(ipv4: base.loadBE32(at: at + 12)), virtualPort: base.loadBE16(at: at + 4),
                    destination: AddressBits(ipv4: base.loadBE32(at: at + 16)),
                    destinationPort: base.loadBE16(at: at + 6), mark: 0, timeout: 0))
            // Sequence options of an application helper.
            at += flags & VirtualConnection.Flags.sequenceMask.rawValue != 0 ? 48 : 24
            guard at <= count else { throw .entryTooShort }
        }
        return entries
    }

    private static func parseNew(
        _ base: UnsafeRawPointer, _ count: Int, _ knowsEngine: Bool
    ) throws(SyncRefusal) -> [SyncEntry] {
        var entries: [SyncEntry] = []
        var at = 8
        for _ in 0..<Int(base.load8(at: 4)) {
            guard at + 36 <= count else { throw .entryTooShort }
            let word = base.loadBE16(at: at + 2)
            let size = Int(word & 0xfff)
            guard at + size <= count else { throw .entryTooLong }
            guard word >> 12 == 0 else { throw .entryVersion }
            if let entry = try parseEntry(base + at, size, knowsEngine) { entries.append(entry) }
            at += (size + 3) & ~3
        }
        return entries
    }

    /// `nil` for an entry with an option that must be understood and is not.
    private static func parseEntry(
        _ p: UnsafeRawPointer, _ size: Int, _ knowsEngine: Bool
    ) throws(SyncRefusal) -> SyncEntry? {
        let type = p.load8(at: 0)
        guard type & 1 != 0 || type == 0 else { throw .entryType }
        let isIPv6 = type & 1 != 0
        let fixed = isIPv6 ? 72 : 36
        guard size >= fixed else { throw .entryTooShort }
        guard let engineData = try options(p, from: fixed, to: size, knowsEngine) else { return nil }
        func address(_ index: Int) -> AddressBits {
            isIPv6 ? p.loadAddressBits(at: 24 + 16 * index) : AddressBits(ipv4: p.loadBE32(at: 24 + 4 * index))
        }
        let ipProtocol = p.loadProtocol(at: 1)
        let virtual = isIPv6 && ipProtocol == .unspecified ? AddressBits(ipv4: UInt32(address(1).high >> 32)) : address(1)
        return SyncEntry(
            version: isIPv6 ? 6 : 4, ipProtocol: ipProtocol, flags: p.loadBE32(at: 4), state: p.loadBE16(at: 8),
            client: address(0), clientPort: p.loadBE16(at: 10), virtual: virtual, virtualPort: p.loadBE16(at: 12),
            destination: address(2), destinationPort: p.loadBE16(at: 14), mark: p.loadBE32(at: 16),
            timeout: p.loadBE32(at: 20), engineData: engineData)
    }

    /// What a persistence engine told (empty: nothing); `nil` when there is an option that must be understood and is not,
    /// or an engine that is not known.
    private static func options(
        _ p: UnsafeRawPointer, from start: Int, to end: Int, _ knowsEngine: Bool
    ) throws(SyncRefusal) -> [UInt8]? {
        var at = start
        var seen: Set<UInt8> = []
        var data: [UInt8] = []
        var name: [UInt8] = []
        while at < end {
            guard at + 2 <= end else { throw .option }
            let kind = p.load8(at: at)
            let length = Int(p.load8(at: at + 1))
            guard length > 0, at + 2 + length <= end else { throw .option }
            // Bit 6 marks an option that may be passed by.
            switch kind & ~0x40 {
            case 1: guard length == 24, seen.insert(1).inserted else { throw .option }
            case 2:
                guard seen.insert(2).inserted else { throw .option }
                data = Array(UnsafeRawBufferPointer(start: p + at + 2, count: length))
            case 3:
                guard length <= 16, seen.insert(3).inserted else { throw .option }
                name = Array(UnsafeRawBufferPointer(start: p + at + 2, count: length))
            default: if kind & 0x40 == 0 { return nil }
            }
            at += 2 + length
        }
        return data.isEmpty || knowsEngine && name.elementsEqual("sip".utf8) ? data : nil
    }
}

extension IPVSState {
    /// A master's message arrives at the backup: connections are made, or brought up to date.
    mutating func applySync(_ bytes: UnsafeRawBufferPointer, _ node: NodePointer) {
        do {
            for entry in try SyncEntry.parse(
                bytes, syncID: sync.backup?.syncID ?? 0, knowsEngine: services.engineCount > 0)
            { apply(entry) }
            sync.count(accepted: true)
        } catch {
            sync.count(accepted: false)
        }
        flushExpiring(node)
    }

    /// `ip_vs_proc_conn`
    private mutating func apply(_ entry: SyncEntry) {
        // A connection for one packet is over.
        if entry.flags & VirtualConnection.Flags.onePacket.rawValue != 0 { return }
        // IP_VS_CONN_F_BACKUP_MASK: forwarding, no output, inactive, sequences, no client port, template.
        var flags = VirtualConnection.Flags(rawValue: entry.flags & 0x1f87)
        flags.insert(.sync)
        guard let state = validState(entry, flags) else { return }
        let flow = VirtualFlow(
            version: entry.version, ipProtocol: entry.ipProtocol, client: entry.client,
            clientPort: entry.clientPort, virtual: entry.virtual, virtualPort: entry.virtualPort)
        let engineData = entry.engineData.isEmpty ? nil : entry.engineData
        // A connection with an engine's data, which no master sends, is looked for where templates of such data are.
        var found = flags.contains(.template)
            ? connections.findTemplate(flow, engineData: engineData) : engineData == nil ? connections.findIncoming(flow) : nil
        if let old = found, !flags.contains(.template),
            old.pointee.destinationPort != entry.destinationPort || old.pointee.destination != entry.destination
        {
            // Replaced at the master, unless this is only the end of what was replaced.
            if flags.contains(.inactive) { return }
            expireNow(old)
            found = nil
        }
        let connection: VirtualConnectionRef
        if let found {
            connection = found
            update(found, flags)
            if found.pointee.server < 0 { bindLate(found) }
        } else {
            let server = findServer(
                of: flow, address: entry.destination, port: entry.destinationPort, mark: entry.mark, flags: flags)
            guard
                let made = makeConnection(
                    flow, destination: entry.destination, port: entry.destinationPort, version: entry.version,
                    flags: flags, server: server, mark: entry.mark, engineData: engineData)
            else { return }
            connection = made
        }
        connection.pointee.incomingPackets = UInt32(clamping: settings.syncThreshold)
        connection.pointee.state = state
        connection.pointee.syncedState = state
        connection.pointee.setTimeout(timeout(entry, flags, state))
        restart(connection)
    }

    private func validState(_ entry: SyncEntry, _ flags: VirtualConnection.Flags) -> UInt8? {
        // IP_VS_CTPL_S_NONE and IP_VS_CTPL_S_ASSURED.
        if flags.contains(.template) { return entry.state < 2 ? UInt8(entry.state) : nil }
        let count: Int
        switch entry.ipProtocol {
        case .tcp: count = IPVSTCPState.count
        case .udp: count = 1
        case .sctp: count = IPVSSCTPState.count
        default: return nil
        }
        return Int(entry.state) < count ? UInt8(entry.state) : nil
    }

    private func update(_ connection: VirtualConnectionRef, _ flags: VirtualConnection.Flags) {
        if !flags.contains(.template), connection.pointee.server >= 0 {
            setActivity(connection, isActive: !flags.contains(.inactive))
        }
        // IP_VS_CONN_F_BACKUP_UPD_MASK: inactive and the sequence flags.
        let mask: VirtualConnection.Flags = [.inactive, .outSequence, .inSequence]
        connection.pointee.flags = connection.pointee.flags.subtracting(mask).union(flags.intersection(mask))
    }

    /// `ip_vs_try_bind_dest`: a connection whose server was not known at first.
    private mutating func bindLate(_ connection: VirtualConnectionRef) {
        let c = connection.pointee
        let flow = VirtualFlow(
            version: c.version, ipProtocol: c.ipProtocol, client: c.client, clientPort: c.clientPort, virtual: c.virtual,
            virtualPort: c.virtualPort)
        let server = findServer(of: flow, address: c.destination, port: c.destinationPort, mark: c.mark, flags: c.flags)
        guard server >= 0 else { return }
        bind(connection, server)
        bindHelper(connection)
    }

    private func timeout(_ entry: SyncEntry, _ flags: VirtualConnection.Flags, _ state: UInt8) -> Int64 {
        if entry.timeout != 0 { return Int64(entry.timeout) * Jiffies.perSecond }
        if flags.contains(.template) { return 180 * Jiffies.perSecond }
        switch entry.ipProtocol {
        case .tcp: return timeouts.tcp(state)
        case .sctp: return timeouts.sctp(state)
        default: return timeouts.udp
        }
    }
}
