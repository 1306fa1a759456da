import HawseModel
import HawseWire

/// The synchronisation daemons of a node (`struct ip_vs_sync_buff`, `ipvs->sync_state`): a master's message in the
/// making and what it has to send, a backup's filter.
struct IPVSSync {
    private(set) var isMaster = false
    private(set) var isBackup = false
    private(set) var daemons: [IPVSSyncDaemon] = []
    private(set) var master: IPVSSyncDaemon?
    private(set) var backup: IPVSSyncDaemon?
    /// Device indices of the daemons.
    private(set) var masterDevice: UInt16 = 0
    private(set) var backupDevice: UInt16 = 0
    /// The message being filled, and when it was begun.
    private(set) var message = SyncMessage()
    private var begun: Int64 = 0
    /// Complete messages that wait to be sent.
    private(set) var outbox: [[UInt8]] = []
    /// Messages, and connections in them, that were taken or refused.
    private(set) var accepted = 0
    private(set) var refused = 0
    var maximumLength = 1472

    mutating func start(_ daemon: IPVSSyncDaemon, device: UInt16, mtu: Int) {
        daemons.append(daemon)
        if daemon.role == .master {
            isMaster = true
            master = daemon
            masterDevice = device
            let header = daemon.group.family == .ipv6 ? 48 : 28
            let wanted = daemon.maximumLength == 0 ? mtu - header : Int(daemon.maximumLength)
            maximumLength = min(max(wanted, 8), max(mtu - header, 8), 65_535)
        } else {
            isBackup = true
            backup = daemon
            backupDevice = device
        }
    }

    mutating func stop(_ role: IPVSSyncDaemon.Role) {
        daemons.removeAll { $0.role == role }
        if role == .master {
            isMaster = false
            master = nil
            message = SyncMessage()
            outbox.removeAll()
        } else {
            isBackup = false
            backup = nil
        }
    }

    /// Puts a connection into the message, sending the one before when there is no room or it is of the other version.
    mutating func append(_ connection: VirtualConnection, version: Int, at jiffy: Int64) {
        let size = SyncMessage.size(of: connection, version: version)
        if !message.isEmpty, message.version != version || message.count + size > maximumLength || message.isFull {
            flush()
        }
        if message.isEmpty {
            message = SyncMessage(version: version, syncID: master?.syncID ?? 0)
            begun = jiffy
        }
        message.append(connection)
    }

    mutating func flush() {
        guard !message.isEmpty else { return }
        outbox.append(message.finished)
        message = SyncMessage()
    }

    /// A message is not held for more than two seconds.
    mutating func advance(to jiffy: Int64) {
        if !message.isEmpty, jiffy - begun >= 2 * Jiffies.perSecond { flush() }
    }

    mutating func takeOutbox() -> [[UInt8]] {
        defer { outbox.removeAll() }
        return outbox
    }

    mutating func count(accepted isAccepted: Bool) {
        if isAccepted { accepted += 1 } else { refused += 1 }
    }
}

extension IPVSState {
    /// `start_sync_thread`
    mutating func startDaemon(_ daemon: IPVSSyncDaemon, _ node: NodePointer) throws(IPVSCommandError) {
        guard daemon.role == .master ? !sync.isMaster : !sync.isBackup else { throw .daemonRunning }
        guard let device = node.pointee.interfaces.index(of: daemon.interface) else {
            throw .unknownInterface(daemon.interface)
        }
        sync.start(daemon, device: device, mtu: node.pointee.interfaces[device].pointee.mtu)
    }

    mutating func stopDaemon(_ role: IPVSSyncDaemon.Role) throws(IPVSCommandError) {
        guard role == .master ? sync.isMaster : sync.isBackup else { throw .daemonNotRunning }
        sync.stop(role)
    }

    /// `ip_vs_sync_conn`: a connection and what controls it, when their turn has come.
    mutating func noteSync(_ first: VirtualConnectionRef, packets: Int) {
        var connection = first
        var packets = packets
        while true {
            if !connection.pointee.flags.contains(.onePacket), isSyncNeeded(connection, packets),
                settings.syncVersion != 0 || connection.pointee.version == 4
            {
                sync.append(connection.pointee, version: settings.syncVersion == 0 ? 0 : 1, at: jiffy)
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

    /// `ip_vs_sync_conn_needed`: on a change of state to one that matters, else every so many packets.
    private func isSyncNeeded(_ connection: VirtualConnectionRef, _ packets: Int) -> Bool {
        let c = connection.pointee
        var force = false
        if !c.isTemplate {
            if settings.syncPersistMode, isPersistent(connection) { return false }
            switch c.ipProtocol {
            case 6:
                switch IPVSTCPState(rawValue: c.state) {
                case .established, .finWait, .close, .closeWait, .timeWait: break
                default: return false
                }
                force = c.state != c.syncedState
                if force, c.state != IPVSTCPState.established.rawValue { return markSynced(connection) }
            case 132:
                switch IPVSSCTPState(rawValue: c.state) {
                case .established, .shutdownSent, .shutdownReceived, .shutdownAckSent, .closed: break
                default: return false
                }
                force = c.state != c.syncedState
                if force, c.state != IPVSSCTPState.established.rawValue { return markSynced(connection) }
            default: break
            }
        }
        if settings.syncPeriod > 0 {
            if !c.isTemplate, packets % settings.syncPeriod != settings.syncThreshold { return false }
        } else if settings.syncRefreshPeriod == 0, packets != settings.syncThreshold {
            return false
        }
        return markSynced(connection)
    }

    private func markSynced(_ connection: VirtualConnectionRef) -> Bool {
        connection.pointee.syncedState = connection.pointee.state
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

extension Walk {
    /// `sync_thread_master`: what is ready goes to the group, from the daemon's device.
    func sendSync() {
        guard let daemon = node.pointee.ipvs.sync.master else { return }
        for message in node.pointee.ipvs.sync.takeOutbox() { send(message, daemon) }
        drain()
    }

    private func send(_ message: [UInt8], _ daemon: IPVSSyncDaemon) {
        let device = node.pointee.ipvs.sync.masterDevice
        let route = lookupOutput(
            family: daemon.group.family, source: .zero, destination: daemon.group.bits, mark: 0, tos: 0, out: device)
        let header = daemon.group.family == .ipv6 ? 40 : 20
        guard isUsable(route), let packet = newPacket(bytes: header + 8 + message.count) else { return }
        packet.pointee.transport = packet.pointee.network + Int32(header)
        let udp = packet.transportPointer
        udp.storeBE16(daemon.port, at: 0)
        udp.storeBE16(daemon.port, at: 2)
        udp.storeBE16(UInt16(truncatingIfNeeded: 8 + message.count), at: 4)
        udp.storeBE16(0, at: 6)
        message.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { (udp + 8).copyMemory(from: base, byteCount: bytes.count) }
        }
        TransportChecksum.store(
            udp, length: 8 + message.count, protocolNumber: .udp, family: daemon.group.family, source: route.source,
            destination: daemon.group.bits)
        if daemon.group.family == .ipv6 {
            writeIPv6(
                packet, protocolNumber: .udp, source: route.source, destination: daemon.group.bits, trafficClass: 0,
                flowLabel: 0, hopLimit: daemon.ttl)
        } else {
            writeIPv4(
                packet, protocolNumber: .udp, source: route.source.ipv4, destination: daemon.group.bits.ipv4, tos: 0,
                ttl: daemon.ttl, dontFragment: false, identification: 0)
        }
        packet.pointee.route = route
        enqueue(packet, causedBy: nil, stage: .output)
    }

    /// The backup's socket: whether the packet is a message for it, which is then applied.
    func takeSync(_ packet: PacketRef) -> Bool {
        guard node.pointee.ipvs.sync.isBackup, let daemon = node.pointee.ipvs.sync.backup,
            packet.pointee.ipProtocol == 17, packet.pointee.fragmentOffset == 0, packet.transportLength >= 8,
            packet.pointee.inInterface == node.pointee.ipvs.sync.backupDevice,
            packet.destinationBits == daemon.group.bits, packet.udp.destinationPort == daemon.port
        else { return false }
        let length = min(Int(packet.udp.datagramLength), packet.transportLength)
        guard length >= 8 else { return false }
        node.pointee.ipvs.applySync(
            UnsafeRawBufferPointer(start: UnsafeRawPointer(packet.transportPointer) + 8, count: length - 8), node)
        return true
    }
}
