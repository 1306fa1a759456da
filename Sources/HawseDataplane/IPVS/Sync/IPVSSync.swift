import HawseModel
import HawseWire

/// The synchronisation daemons of a node (`struct ipvs_master_sync_state`, `ipvs->sync_state`): a master's messages in
/// the making and what it has to send, a backup's filter.
struct IPVSSync {
    private(set) var isMaster = false
    private(set) var isBackup = false
    private(set) var daemons: [IPVSSyncDaemon] = []
    private(set) var master: IPVSSyncDaemon?
    private(set) var backup: IPVSSyncDaemon?
    /// Device indices of the daemons.
    private(set) var masterDevice: UInt16 = 0
    private(set) var backupDevice: UInt16 = 0
    /// Threads of a daemon minus one (`threads_mask`): a connection's record number chooses, every thread has its port.
    private(set) var portMask: UInt32 = 0
    /// The message every thread is filling, and when it was begun.
    private var messages: [SyncMessage] = []
    private var begun: [Int64] = []
    /// Complete messages that wait to be sent, with their thread.
    private(set) var outbox: [(port: UInt32, bytes: [UInt8])] = []
    /// The source port of every thread's socket, which the kernel draws.
    private(set) var sourcePorts: [UInt16] = []
    /// Messages that were taken or refused.
    private(set) var accepted = 0
    private(set) var refused = 0

    /// `start_sync_thread`: a length that is not given, or not possible, is put right.
    mutating func start(_ asked: IPVSSyncDaemon, device: UInt16, mtu: Int, ports: Int, sourcePorts: [UInt16]) {
        var daemon = asked
        let header = daemon.group.family == .ipv6 ? 48 : 28
        if daemon.maximumLength == 0 {
            let mtu = daemon.role == .backup ? min(max(mtu, 1500), 65_535) : 1500
            daemon.maximumLength = UInt16(mtu - header)
        } else {
            let least = daemon.role == .backup ? 1024 : 1
            daemon.maximumLength = UInt16(min(max(Int(daemon.maximumLength), least), 65_535 - header))
        }
        if daemons.isEmpty { portMask = UInt32(ports - 1) }
        daemons.append(daemon)
        daemons.sort { $0.role == .master && $1.role == .backup }
        if daemon.role == .master {
            isMaster = true
            master = daemon
            masterDevice = device
            messages = Array(repeating: SyncMessage(), count: Int(portMask) + 1)
            begun = Array(repeating: 0, count: Int(portMask) + 1)
            self.sourcePorts = sourcePorts
        } else {
            isBackup = true
            backup = daemon
            backupDevice = device
        }
    }

    /// What a master has not sent is lost.
    mutating func stop(_ role: IPVSSyncDaemon.Role) {
        daemons.removeAll { $0.role == role }
        if role == .master {
            isMaster = false
            master = nil
            messages = []
            outbox.removeAll()
        } else {
            isBackup = false
            backup = nil
        }
    }

    /// Puts a connection into its thread's message, sending the one before when there is no room or it is of the other
    /// version.
    mutating func append(
        _ connection: VirtualConnection, number: UInt32, engineData: [UInt8], version: Int, at jiffy: Int64
    ) {
        let thread = Int(number & portMask)
        guard thread < messages.count else { return }
        let size = SyncMessage.size(of: connection, engineData: engineData, version: version)
        let message = messages[thread]
        if !message.isEmpty,
            message.version != version || message.paddedCount + size > Int(master?.maximumLength ?? 0)
                || message.isFull
        {
            flush(thread)
        }
        if messages[thread].isEmpty {
            messages[thread] = SyncMessage(version: version, syncID: master?.syncID ?? 0)
            begun[thread] = jiffy
        }
        messages[thread].append(connection, engineData: engineData)
    }

    private mutating func flush(_ thread: Int) {
        guard !messages[thread].isEmpty else { return }
        outbox.append((UInt32(thread), messages[thread].finished))
        messages[thread] = SyncMessage()
    }

    /// A message is not held for more than two seconds.
    mutating func advance(to jiffy: Int64) {
        for thread in messages.indices where !messages[thread].isEmpty && jiffy - begun[thread] >= 2 * Jiffies.perSecond {
            flush(thread)
        }
    }

    mutating func takeOutbox() -> [(port: UInt32, bytes: [UInt8])] {
        defer { outbox.removeAll() }
        return outbox
    }

    /// Whether the backup is a member of a group on a device (`join_mcast_group`).
    func hasJoined(_ group: AddressBits, on device: UInt16) -> Bool {
        isBackup && device == backupDevice && backup?.group.bits == group
    }

    mutating func count(accepted isAccepted: Bool) {
        if isAccepted { accepted += 1 } else { refused += 1 }
    }
}

extension IPVSState {
    /// `ip_vs_genl_new_daemon`
    mutating func startDaemon(_ daemon: IPVSSyncDaemon, _ node: NodePointer) throws(IPVSCommandError) {
        guard daemon.role == .master ? !sync.isMaster : !sync.isBackup else { throw .daemonRunning }
        guard let device = node.pointee.interfaces.index(of: daemon.interface) else {
            throw .unknownInterface(daemon.interface)
        }
        // The messages have no place for servers of another family than their service's.
        guard !hasMixedFamilies else { throw .mixedFamilies }
        let range = node.pointee.settings.localPortRange
        let size = UInt32(range.upperBound) - UInt32(range.lowerBound) + 1
        let sources = (0..<settings.syncPorts).map { _ in
            UInt16(truncatingIfNeeded: UInt32(range.lowerBound) + chance.below(size))
        }
        sync.start(
            daemon, device: device, mtu: node.pointee.interfaces[device].pointee.mtu, ports: settings.syncPorts,
            sourcePorts: sources)
    }

    mutating func stopDaemon(_ role: IPVSSyncDaemon.Role) throws(IPVSCommandError) {
        guard role == .master ? sync.isMaster : sync.isBackup else { throw .daemonNotRunning }
        sync.stop(role)
    }

    /// `mixed_address_family_dests`
    private var hasMixedFamilies: Bool {
        var number = services.first
        while number >= 0 {
            let s = services[number]
            for i in 0..<s.pointee.count
            where servers[s.pointee.loads[i].server].pointee.version != s.pointee.version { return true }
            number = s.pointee.next
        }
        return false
    }
}

extension Walk {
    /// `sync_thread_master`: what is ready goes to the group, from the daemon's device.
    func sendSync() {
        guard let daemon = node.pointee.ipvs.sync.master else { return }
        for (thread, message) in node.pointee.ipvs.sync.takeOutbox() { send(message, daemon, thread: thread) }
        drain()
    }

    private func send(_ message: [UInt8], _ daemon: IPVSSyncDaemon, thread: UInt32) {
        let device = node.pointee.ipvs.sync.masterDevice
        let route = lookupOutput(
            family: daemon.group.family, source: .zero, destination: daemon.group.bits, mark: 0, tos: 0, out: device)
        let header = daemon.group.family == .ipv6 ? 40 : 20
        guard isUsable(route), let packet = newPacket(bytes: header + 8 + message.count) else { return }
        packet.pointee.transport = packet.pointee.network + Int32(header)
        let udp = packet.transportPointer
        let sources = node.pointee.ipvs.sync.sourcePorts
        udp.storeBE16(Int(thread) < sources.count ? sources[Int(thread)] : daemon.port, at: 0)
        udp.storeBE16(daemon.port &+ UInt16(truncatingIfNeeded: thread), at: 2)
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

    /// The backup's sockets: whether the packet is a message for one of them, which is then applied.
    func takeSync(_ packet: PacketRef) -> Bool {
        guard let daemon = node.pointee.ipvs.sync.backup,
            node.pointee.ipvs.sync.hasJoined(packet.destinationBits, on: packet.pointee.inInterface),
            UInt32(packet.udp.destinationPort &- daemon.port) <= node.pointee.ipvs.sync.portMask
        else { return false }
        let length = min(Int(packet.udp.datagramLength), packet.transportLength)
        guard length >= 8 else { return false }
        voidRecording()
        // The receiver's buffer has a length of its own, which cuts what is longer.
        node.pointee.ipvs.applySync(
            UnsafeRawBufferPointer(
                start: UnsafeRawPointer(packet.transportPointer) + 8, count: min(length - 8, Int(daemon.maximumLength))),
            node)
        return true
    }
}
