import HawseModel
import HawseWire

/// When a master tells of a connection.
extension IPVSState {
    /// `ip_vs_sync_conn`: a connection and what controls it, when their turn has come.
    @inline(never)
    mutating func noteSync(_ first: VirtualConnectionRef, packets: Int) {
        let version = settings.syncVersion == 0 ? 0 : 1
        var connection = first
        var packets = packets
        while true {
            let isTold = !connection.pointee.flags.contains(.onePacket)
                && (version == 1 || connection.pointee.version == 4) && isSyncNeeded(connection, packets)
            if isTold {
                let number = connections.number(of: connection)
                sync.append(
                    connection.pointee, number: number,
                    engineData: connections.engineData.data(connection.pointee.engine), version: version, at: jiffy)
            } else if version == 0 {
                // The old version looks at the controller only after its connection.
                return
            }
            guard connection.pointee.control != 0 else { return }
            connection = connections[connection.pointee.control]
            if connection.pointee.isTemplate {
                connection.pointee.incomingPackets &+= 1
                packets = Int(connection.pointee.incomingPackets)
            } else {
                packets = settings.syncThreshold
            }
        }
    }

    /// `ip_vs_sync_conn_needed`: on a change of state to one that matters, else every so many packets, and with a refresh
    /// period no more often than that.
    private func isSyncNeeded(_ connection: VirtualConnectionRef, _ packets: Int) -> Bool {
        let c = connection.pointee
        var end = UInt32(truncatingIfNeeded: jiffy &+ c.timeout) & ~3
        if !c.isTemplate {
            if settings.syncPersistMode, isPersistent(connection) { return false }
            switch stateTurn(c) {
            case .never: return false
            case .now: return markSynced(connection, end)
            case .byPackets: break
            }
        }
        if settings.syncRefreshPeriod > 0 {
            let refresh = settings.syncRefreshPeriod
            let difference = Int64(Int32(bitPattern: end &- c.syncEnd))
            if abs(difference) < min(refresh, max(c.timeout >> 1, 10 * Jiffies.perSecond)) {
                let retries = Int(c.syncEnd & 3)
                if retries >= settings.syncRetries { return false }
                let due = c.syncEnd &- UInt32(truncatingIfNeeded: c.timeout) &+ UInt32(truncatingIfNeeded: refresh >> 3)
                if Int32(bitPattern: UInt32(truncatingIfNeeded: jiffy) &- due) < 0 { return false }
                end |= UInt32(retries + 1)
            }
        }
        if settings.syncPeriod > 0 {
            if !c.isTemplate, packets % settings.syncPeriod != settings.syncThreshold { return false }
        } else if settings.syncRefreshPeriod == 0, packets != settings.syncThreshold {
            return false
        }
        return markSynced(connection, end)
    }

    private enum StateTurn { case never, now, byPackets }

    /// What the state alone says: most do not matter, a change to one that does is told at once.
    private func stateTurn(_ c: VirtualConnection) -> StateTurn {
        let isEstablished: Bool
        switch c.ipProtocol {
        case .tcp:
            switch IPVSTCPState(rawValue: c.state) {
            case .established, .finWait, .close, .closeWait, .timeWait: break
            default: return .never
            }
            isEstablished = c.state == IPVSTCPState.established.rawValue
        case .sctp:
            switch IPVSSCTPState(rawValue: c.state) {
            case .established, .shutdownSent, .shutdownReceived, .shutdownAckSent, .closed: break
            default: return .never
            }
            isEstablished = c.state == IPVSSCTPState.established.rawValue
        default: return .byPackets
        }
        return c.state != c.syncedState && !isEstablished ? .now : .byPackets
    }

    private func markSynced(_ connection: VirtualConnectionRef, _ end: UInt32) -> Bool {
        connection.pointee.syncedState = connection.pointee.state
        connection.pointee.syncEnd = end
        return true
    }

    private func isPersistent(_ connection: VirtualConnectionRef) -> Bool {
        var control = connection.pointee.control
        while control != 0 {
            if connections[control].pointee.isTemplate { return true }
            control = connections[control].pointee.control
        }
        return false
    }
}
