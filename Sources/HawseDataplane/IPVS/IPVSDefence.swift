import HawseModel
import HawseWire

/// The defence against floods (`update_defense_level`). A simulated node never runs short of memory, so that only the
/// settings "always" (3) have an effect.
struct IPVSDefence {
    private(set) var isSecureTCP = false
    private var dropsEntries = false
    private var dropRate = 0
    private var dropCounter = 0
    private var nextTick: Int64 = 0
    /// `todrop_counter`, by the number of incoming packets.
    private var entryCounters = (0, 0, 0, 0, 0, 0, 0, 0, 0)

    mutating func apply(_ settings: IPVSSettings) {
        isSecureTCP = settings.secureTCP == 3
        dropsEntries = settings.dropEntry == 3
        let rate = settings.dropPacket == 3 ? settings.alwaysDropRate : 0
        if rate != dropRate {
            dropRate = rate
            dropCounter = rate
        }
    }

    /// `ip_vs_todrop`: whether this new packet is one of those that are sacrificed.
    mutating func dropsPacket() -> Bool {
        guard dropRate > 0 else { return false }
        dropCounter -= 1
        if dropCounter > 0 { return false }
        dropCounter = dropRate
        return true
    }

    /// `todrop_entry`
    mutating func dropsEntry(_ connection: VirtualConnectionRef, at jiffy: Int64) -> Bool {
        if connection.pointee.timeout + jiffy < connection.pointee.expires + 60 * Jiffies.perSecond { return false }
        let packets = Int(connection.pointee.incomingPackets)
        guard packets >= 1, packets <= 8 else { return false }
        return withUnsafeMutableBytes(of: &entryCounters) { bytes in
            let counters = bytes.bindMemory(to: Int.self)
            counters[packets] -= 1
            if counters[packets] > 0 { return false }
            counters[packets] = packets
            return true
        }
    }

    /// Whether a tick is due, and which; ticks come every second while entries are to be dropped.
    mutating func nextTick(upTo jiffy: Int64) -> Int64? {
        guard dropsEntries else {
            nextTick = 0
            return nil
        }
        if nextTick == 0 { nextTick = jiffy + Jiffies.perSecond }
        guard nextTick <= jiffy else { return nil }
        let tick = nextTick
        nextTick += Jiffies.perSecond
        return tick
    }
}

extension IPVSState {
    /// `ip_vs_random_dropentry`, for every second up to `target`.
    mutating func dropEntries(upTo target: Int64, _ node: NodePointer) {
        while let tick = defence.nextTick(upTo: target) {
            guard connections.highest > 0 else { continue }
            for _ in 0..<max(connections.highest / 32, 1) {
                let number = chance.below(UInt32(connections.highest)) + 1
                let connection = connections[number]
                guard connection.pointee.flags.contains(.hashed) else { continue }
                if looksDroppable(connection, at: tick) { drop(connection, node) }
            }
        }
    }

    private mutating func looksDroppable(_ connection: VirtualConnectionRef, at tick: Int64) -> Bool {
        if connection.pointee.isTemplate {
            guard connection.pointee.controlled == 0, connection.pointee.server >= 0 else { return false }
            let service = servers[connection.pointee.server].pointee.service
            return service >= 0 && services[service].pointee.isLive && services[service].pointee.isOnePacket
        }
        switch connection.pointee.ipProtocol {
        case 6:
            switch IPVSTCPState(rawValue: connection.pointee.state) {
            case .synRecv, .synAck: return true
            case .established: return defence.dropsEntry(connection, at: tick)
            default: return false
            }
        case 132:
            switch IPVSSCTPState(rawValue: connection.pointee.state) {
            case .init1, .initiation: return true
            case .established: return defence.dropsEntry(connection, at: tick)
            default: return false
            }
        default: return defence.dropsEntry(connection, at: tick)
        }
    }
}
