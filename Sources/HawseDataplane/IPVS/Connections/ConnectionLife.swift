import HawseModel
import HawseWire

extension IPVSState {
    /// `ip_vs_conn_new`: a record bound to its server, in the index unless it is for one packet only. The caller starts
    /// its timer with `restart`. `nil` when the table is full.
    mutating func makeConnection(
        _ flow: VirtualFlow, destination: AddressBits, port: UInt16, version: UInt8,
        flags: VirtualConnection.Flags, server: Int32, mark: UInt32, engineData: [UInt8]? = nil
    ) -> VirtualConnectionRef? {
        guard let connection = connections.allocate() else { return nil }
        connection.pointee.version = flow.version
        connection.pointee.ipProtocol = flow.ipProtocol
        connection.pointee.client = flow.client
        connection.pointee.clientPort = flow.clientPort
        connection.pointee.virtual = flow.virtual
        connection.pointee.virtualPort = flow.virtualPort
        connection.pointee.destination = destination
        connection.pointee.destinationPort = port
        connection.pointee.destinationVersion = version
        connection.pointee.mark = mark
        connection.pointee.flags = flags
        connection.pointee.setTimeout(3 * Jiffies.perSecond)
        connection.pointee.syncEnd = UInt32(truncatingIfNeeded: jiffy) & ~3
        if let engineData, flags.contains(.template) { connections.setEngineData(connection, engineData) }
        if flags.contains(.noClientPort) { connections.withoutClientPort += 1 }
        if flags.contains(.localClient) || flags.contains(.sync) || flags.contains(.noClientPort) {
            connection.pointee.flags.insert(.localClient)
            connections.localClients += 1
        }
        if server >= 0 { bind(connection, server) }
        bindHelper(connection)
        if settings.conntrack { connection.pointee.flags.insert(.netfilterConntrack) }
        connections.insert(connection)
        return connection
    }

    /// `ip_vs_bind_dest`: the connection takes the server's way of forwarding and counts as inactive.
    mutating func bind(_ connection: VirtualConnectionRef, _ number: Int32) {
        let server = servers[number]
        server.pointee.references += 1
        var flags = connection.pointee.flags
        var given = server.pointee.connectionFlags
        if flags.contains(.sync) {
            if !flags.contains(.template) { given.remove(.inactive) }
            flags.rawValue &= ~VirtualConnection.Flags.forwardingMask
            flags.remove(.noOutput)
        }
        // A new connection has no way of forwarding yet, except for those without a server.
        flags.formUnion(given)
        connection.pointee.flags = flags
        connection.pointee.server = number
        if flags.contains(.template) {
            server.pointee.persistent += 1
        } else if flags.contains(.inactive) {
            load(number).pointee.inactive += 1
        } else {
            load(number).pointee.active += 1
        }
        let upper = Int64(server.pointee.upperThreshold)
        if upper != 0, totalConnections(number) >= upper { load(number).pointee.overloaded = 1 }
    }

    /// `ip_vs_unbind_dest`
    mutating func unbind(_ connection: VirtualConnectionRef) {
        let number = connection.pointee.server
        guard number >= 0 else { return }
        let server = servers[number]
        let load = load(number)
        if connection.pointee.isTemplate {
            server.pointee.persistent -= 1
        } else if connection.pointee.flags.contains(.inactive) {
            load.pointee.inactive -= 1
        } else {
            load.pointee.active -= 1
        }
        if totalConnections(number) < Int64(lowerThreshold(server)) || server.pointee.upperThreshold == 0 {
            load.pointee.overloaded = 0
        }
        server.pointee.references -= 1
        connection.pointee.server = -1
    }

    @inline(__always)
    func totalConnections(_ number: Int32) -> Int64 {
        let load = load(number)
        return Int64(load.pointee.active) + Int64(load.pointee.inactive)
    }

    /// Below how many connections the overload is over: the lower threshold, else three quarters of the upper one.
    func lowerThreshold(_ server: RealServerRef) -> UInt32 {
        let s = server.pointee
        return s.lowerThreshold != 0 ? s.lowerThreshold : s.upperThreshold - s.upperThreshold / 4
    }

    /// `ip_vs_control_add`
    mutating func control(_ connection: VirtualConnectionRef, by template: VirtualConnectionRef) {
        uncontrol(connection)
        connection.pointee.control = connections.number(of: template)
        template.pointee.controlled += 1
    }

    /// `ip_vs_control_del`
    mutating func uncontrol(_ connection: VirtualConnectionRef) {
        guard connection.pointee.control != 0 else { return }
        connections[connection.pointee.control].pointee.controlled -= 1
        connection.pointee.control = 0
    }

    /// `ip_vs_control_assure_ct`: the template has proved useful.
    @inline(__always)
    func assureTemplate(of connection: VirtualConnectionRef) {
        guard connection.pointee.control != 0 else { return }
        let template = connections[connection.pointee.control]
        if template.pointee.isTemplate { template.pointee.state |= 1 }
    }

    /// `ip_vs_check_template`: whether the template's server may still be used. If not, the template is made unfindable and
    /// stays listed until its time is over.
    /// `server`: which one it must be; -1: any.
    mutating func checkTemplate(_ template: VirtualConnectionRef, server: Int32 = -1) -> Bool {
        let number = template.pointee.server
        if number >= 0, server < 0 || number == server, servers[number].pointee.isAvailable,
            !(settings.expireQuiescentTemplate && load(number).pointee.weight == 0)
        {
            return true
        }
        if template.pointee.virtualPort != 0xffff, connections.remove(template) {
            template.pointee.destinationPort = 0xffff
            template.pointee.virtualPort = 0xffff
            template.pointee.clientPort = 0
            connections.insert(template)
        }
        return false
    }

    /// `ip_vs_conn_expire`: the timer fired. What controls others is kept for another minute.
    mutating func expire(_ connection: VirtualConnectionRef, _ node: NodePointer) {
        if connection.pointee.controlled > 0 {
            connection.pointee.setTimeout(60 * Jiffies.perSecond)
            if sync.isMaster { noteSync(connection, packets: settings.syncThreshold) }
            restart(connection)
            return
        }
        let isOnePacket = connection.pointee.flags.contains(.onePacket)
        connections.remove(connection)
        connections.wheel.remove(connections.number(of: connection), connections.records)
        connection.pointee.flags.remove(.expiring)
        if connection.pointee.control != 0 {
            let template = connections[connection.pointee.control]
            let wasDropped = connection.pointee.timeout == 0
            uncontrol(connection)
            // Dropped before its time: a controller nobody needs goes too.
            if wasDropped, template.pointee.controlled == 0,
                !template.pointee.isTemplate || template.pointee.state & 1 == 0
            {
                drop(template, node)
            }
        }
        if connection.pointee.flags.contains(.netfilterConntrack), !isOnePacket {
            forgetConntrack(of: connection, node)
        }
        unbind(connection)
        if connection.pointee.flags.contains(.noClientPort) { connections.withoutClientPort -= 1 }
        if connection.pointee.flags.contains(.localClient) { connections.localClients -= 1 }
        connections.free(connection)
    }

    /// `ip_vs_conn_del`: at once, whatever its timer says.
    mutating func drop(_ connection: VirtualConnectionRef, _ node: NodePointer) {
        if connection.pointee.control != 0 { connection.pointee.setTimeout(0) }
        expire(connection, node)
    }

    /// `ip_vs_expire_nodest_conn_flush`: connections to deleted servers go (`expire_nodest_conn`).
    mutating func expireWithoutServer(_ node: NodePointer) {
        var number: UInt32 = 1
        while number <= UInt32(connections.highest) {
            let connection = connections[number]
            number += 1
            guard connection.pointee.flags.contains(.hashed), connection.pointee.server >= 0,
                !servers[connection.pointee.server].pointee.isAvailable, connection.pointee.controlled == 0
            else { continue }
            let control = connection.pointee.control
            let generation = control == 0 ? 0 : connections[control].pointee.generation
            drop(connection, node)
            if control != 0, connections[control].pointee.generation == generation,
                connections[control].pointee.controlled == 0
            {
                drop(connections[control], node)
            }
        }
    }

    /// Moves the connection between active and inactive as its state says.
    @inline(__always)
    func setActivity(_ connection: VirtualConnectionRef, isActive: Bool) {
        guard connection.pointee.server >= 0 else { return }
        if isActive == connection.pointee.flags.contains(.inactive) {
            let load = load(connection.pointee.server)
            load.pointee.active &+= isActive ? 1 : -1
            load.pointee.inactive &-= isActive ? 1 : -1
            if isActive {
                connection.pointee.flags.remove(.inactive)
            } else {
                connection.pointee.flags.insert(.inactive)
            }
        }
    }
}
