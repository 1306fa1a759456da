import HawseModel
import HawseWire

/// The defence against floods (`update_defense_level`): always on with mode 3, and with 1 and 2 while less memory is free
/// than `amemthresh`. How much is free is the node's setting, since a simulated node has no memory of its own.
struct IPVSDefence {
    private(set) var isSecureTCP = false
    private var dropsEntries = false
    private var dropRate = 0
    private var dropCounter = 0
    /// With modes 1 and 2 the counter begins anew each time the kernel looks at its memory, once a second.
    private var isRecounted = false
    private var lastLook: Int64 = 0
    private var nextTick: Int64 = 0
    /// Free pages of 4 KiB.
    var availableMemory = 262_144
    /// `todrop_counter`, by the number of incoming packets.
    private var entryCounters = (0, 0, 0, 0, 0, 0, 0, 0, 0)

    mutating func apply(_ settings: IPVSSettings) {
        let isShort = availableMemory < settings.memoryThreshold
        isRecounted = false
        func isOn(_ mode: Int) -> Bool { mode == 3 || mode != 0 && isShort }
        isSecureTCP = isOn(settings.secureTCP)
        dropsEntries = isOn(settings.dropEntry)
        if settings.dropPacket == 3 {
            // The counter goes on: the first packet after a start is one of those that are dropped.
            dropRate = settings.alwaysDropRate
        } else if isOn(settings.dropPacket) {
            dropRate = settings.memoryThreshold / (settings.memoryThreshold - availableMemory)
            dropCounter = dropRate
            isRecounted = true
        } else {
            dropRate = 0
        }
    }

    /// `ip_vs_todrop`: whether this new packet is one of those that are sacrificed.
    mutating func dropsPacket(at jiffy: Int64) -> Bool {
        guard dropRate > 0 else { return false }
        if isRecounted, jiffy / Jiffies.perSecond != lastLook {
            lastLook = jiffy / Jiffies.perSecond
            dropCounter = dropRate
        }
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

    /// Whether a tick is due, and which, since the one before `jiffy`; ticks come every second while entries are to be dropped.
    mutating func nextTick(since before: Int64, upTo jiffy: Int64) -> Int64? {
        guard dropsEntries else {
            nextTick = 0
            return nil
        }
        if nextTick == 0 { nextTick = Self.tick(after: before) }
        guard nextTick <= jiffy else { return nil }
        let tick = nextTick
        nextTick += Jiffies.perSecond
        return tick
    }

    /// Passes by ticks that find nothing.
    mutating func skipTicks(upTo jiffy: Int64) { nextTick = Self.tick(after: jiffy) }

    private static func tick(after jiffy: Int64) -> Int64 { (jiffy / Jiffies.perSecond + 1) * Jiffies.perSecond }
}

extension IPVSState {
    /// `ip_vs_random_dropentry`, for every second up to `target`: a thirty-second of the kernel's buckets, drawn anew
    /// each time.
    mutating func dropEntries(since before: Int64, upTo target: Int64, _ node: NodePointer) {
        while connections.count > 0, let tick = defence.nextTick(since: before, upTo: target) {
            for _ in 0..<(VirtualConnectionTable.kernelBuckets / 32) {
                let bucket = Int(chance.below(UInt32(VirtualConnectionTable.kernelBuckets)))
                for number in connections.numbers(inKernelBucket: bucket) {
                    let connection = connections[number]
                    guard connection.pointee.flags.contains(.hashed) else { continue }
                    if looksDroppable(connection, at: tick) { drop(connection, node) }
                }
            }
        }
        if connections.count == 0 { defence.skipTicks(upTo: target) }
    }

    private mutating func looksDroppable(_ connection: VirtualConnectionRef, at tick: Int64) -> Bool {
        if connection.pointee.controlled > 0 { return false }
        if connection.pointee.isTemplate {
            if isOnePacketService(connection) { return defence.dropsEntry(connection, at: tick) }
            return connection.pointee.state & 1 == 0
        }
        switch connection.pointee.ipProtocol {
        case .tcp:
            switch IPVSTCPState(rawValue: connection.pointee.state) {
            case .synRecv, .synAck: return true
            case .established: return defence.dropsEntry(connection, at: tick)
            default: return false
            }
        case .sctp:
            switch IPVSSCTPState(rawValue: connection.pointee.state) {
            case .init1, .initiation: return true
            case .established: return defence.dropsEntry(connection, at: tick)
            default: return false
            }
        default: return defence.dropsEntry(connection, at: tick)
        }
    }

    /// `ip_vs_conn_ops_mode`
    private func isOnePacketService(_ connection: VirtualConnectionRef) -> Bool {
        guard connection.pointee.server >= 0 else { return false }
        let service = servers[connection.pointee.server].pointee.service
        return service >= 0 && services[service].pointee.isLive && services[service].pointee.isOnePacket
    }
}
