import HawseWire

/// Synchronisation by chance, on a device of its own: daemons of the director, and what another master tells it.
struct GeneratedSync {
    static let device = "eth2"
    private static let otherMAC = "02:00:00:00:b0:01"
    private let isIPv6: Bool
    private let group: IPAddress
    private let port: UInt16
    private let syncID: UInt8
    let isBackup: Bool
    /// Whether so many connections at once are told of that a message counts them wrong.
    let isFlood: Bool
    /// The commands that start the daemons.
    let commands: [String]

    init(_ draw: Draw, _ director: inout GeneratedDirector) {
        isIPv6 = director.isIPv6
        let groups = ["224.0.0.81", "224.0.0.81", "239.1.2.3", "ff05::99", "ff02::99"]
        let text = draw.pick(groups)
        group = IPAddress(text) ?? .unspecified(.ipv4)
        port = draw.pick([8848, 8848, 5004])
        syncID = UInt8(draw.pick([0, 7, 255]))
        let roles = draw.pick([["master"], ["master"], ["master"], ["backup"], ["master", "backup"], ["master", "backup"]])
        isBackup = roles.contains("backup")
        // With the smallest lengths each message has one connection.
        isFlood = roles[0] == "master" && draw.oneIn(6)
        let length = isFlood ? 60_000 : draw.pick([0, 0, 1, 120, 300, 1200])
        var common = "--mcast-interface \(Self.device) --syncid \(syncID)"
        if length != 0 { common += " --sync-maxlen \(length)" }
        if text != groups[0] { common += " --mcast-group \(text)" }
        if port != 8848 { common += " --mcast-port \(port)" }
        if draw.oneIn(3) { common += " --mcast-ttl \(draw.pick([1, 2, 64, 255]))" }
        commands = roles.map { "--start-daemon \($0) \(common)" }
        director.addDevice(Self.device)
        let settings = [
            ("sync_version", draw.pick(["0", "1", "1"])), ("sync_threshold", draw.pick(["0 1", "1 2", "1 3", "2 10", "3 0", "0 0"])),
            ("sync_refresh_period", draw.pick(["0", "1", "5"])), ("sync_retries", draw.pick(["0", "1", "3"])),
            ("sync_persist_mode", draw.pick(["0", "1"])), ("backup_only", draw.pick(["0", "1"])),
        ]
        for (key, value) in settings where draw.oneIn(2) { director.setup.sysctls["net.ipv4.vs." + key] = value }
        if draw.oneIn(2) { director.setup.sysctls["net.ipv4.vs.sync_threshold"] = "1 3" }
        if isFlood {
            director.setup.sysctls["net.ipv4.vs.sync_threshold"] = "0 1"
            director.setup.sysctls["net.ipv4.vs.sync_refresh_period"] = "0"
            director.setup.sysctls["net.ipv4.vs.drop_packet"] = nil
        }
    }

    // MARK: another master

    /// One connection as a master tells of it.
    private struct Entry {
        var ipProtocol: UInt8
        var flags: UInt32
        var state: UInt16
        var client: IPAddress
        var clientPort: UInt16
        var virtual: IPAddress
        var virtualPort: UInt16
        var destination: IPAddress
        var destinationPort: UInt16
        var mark: UInt32 = 0
        var timeout: UInt32
        var options: [UInt8] = []
    }

    /// A message with some connections of these services; their clients go on to speak.
    func message(_ traffic: GeneratedTraffic, _ words: DirectorTraffic, _ services: [GeneratedServices.Service]) -> [Injection] {
        let draw = traffic.draw
        guard !services.isEmpty else { return [] }
        let isOld = !isIPv6 && draw.oneIn(3)
        var entries: [Entry] = []
        for _ in 0..<draw.between(1...4) {
            let service = draw.pick(services)
            let host = words.director.client(draw)
            guard let entry = entry(traffic, service, host) else { continue }
            entries.append(entry)
            if entry.flags & 0x1000 == 0, draw.percent(70) { add(entry, host, to: traffic) }
        }
        let told = draw.oneIn(10) ? UInt8(draw.below(256)) : syncID
        var bytes = isOld ? [UInt8(entries.count), told, 0, 0] : [0, told, 0, 0, UInt8(entries.count), 1, 0, 0]
        for entry in entries {
            if !isOld { bytes += [UInt8](repeating: 0, count: -bytes.count & 3) }
            bytes += isOld ? old(entry) : new(entry)
        }
        // One that lies about its length as a whole is refused as a whole.
        let size = UInt16(bytes.count + (draw.oneIn(15) ? draw.pick([-4, 1, 300]) : 0))
        bytes.replaceSubrange(2..<4, with: TransportBytes.word(size))
        return [injection(bytes, port: draw.oneIn(20) ? 8849 : port)]
    }

    /// Many clients of a service of UDP, a packet each.
    func flood(_ traffic: GeneratedTraffic, _ director: GeneratedDirector, _ services: [GeneratedServices.Service]) -> [Injection] {
        guard let service = services.first(where: { $0.ipProtocol == "udp" && $0.port != 0 }) else { return [] }
        return (0..<traffic.draw.between(250...300)).map { number in
            let source = traffic.address(isIPv6 ? "2001:db8:cafe::\(String(number + 1, radix: 16))" : "198.51.\(100 + number / 200).\(1 + number % 200)")
            let packet = RawPacket(
                source: source, destination: traffic.address(service.address), ipProtocol: 17,
                transport: TransportBytes.udp(UInt16(30_000 + number), service.port, payload: [1, 2, 3, 4]))
            return Injection(
                device: "eth0",
                bytes: RawPacket.frame(packet.bytes, from: director.gatewayMAC, to: traffic.node.routerMAC["eth0"] ?? ""))
        }
    }

    private func injection(_ bytes: [UInt8], port: UInt16) -> Injection {
        let source = IPAddress(group.family == .ipv6 ? "2001:db8:9::2" : "10.9.0.2") ?? group
        var packet = RawPacket(
            source: source, destination: group, ipProtocol: 17, transport: TransportBytes.udp(40000, port, payload: bytes))
        packet.ttl = 1
        let end = group.bytes
        let mac = group.family == .ipv6
            ? [0x33, 0x33] + end[12...] : [0x01, 0x00, 0x5e, end[1] & 0x7f] + end[2...]
        return Injection(
            device: Self.device, bytes: RawPacket.frame(packet.bytes, from: Self.otherMAC, to: RawPacket.text(mac: mac[0..<6])))
    }

    private func entry(_ traffic: GeneratedTraffic, _ service: GeneratedServices.Service, _ host: GeneratedNode.Host) -> Entry? {
        let draw = traffic.draw
        let numbers: [String: UInt8] = ["tcp": 6, "udp": 17, "sctp": 132]
        let server = service.servers.isEmpty || draw.oneIn(6)
            ? GeneratedServices.Server(address: isIPv6 ? "2001:db8:2::77" : "10.1.0.77", port: service.port, words: "-m")
            : draw.pick(service.servers)
        let isTemplate = service.words.contains(" -p ") ? draw.oneIn(2) : draw.oneIn(12)
        let methods: [(String, UInt32)] = [("-m", 0), ("-g", 3), ("-i", 2)]
        var flags = methods.first { server.words.hasPrefix($0.0) }?.1 ?? 0
        if draw.oneIn(10) { flags = draw.pick([0, 1, 2, 3]) }
        if draw.oneIn(2) { flags |= 0x100 }
        if isTemplate { flags |= 0x1000 }
        if draw.oneIn(12) { flags |= draw.pick([0x20, 0x40, 0x80, 0x2000]) }
        let mark: UInt32 = service.ipProtocol == nil ? UInt32(service.mark) : 0
        let ipProtocol = service.ipProtocol.flatMap { numbers[$0] } ?? (isTemplate ? 0 : draw.pick([6, 17]))
        let states = ipProtocol == 6 ? 11 : ipProtocol == 132 ? 14 : 1
        let anyPort = UInt16(draw.pick([80, 443, 53]))
        let client = traffic.address(host.address)
        guard client.family == traffic.address(server.address).family else { return nil }
        return Entry(
            ipProtocol: ipProtocol, flags: flags,
            state: UInt16(isTemplate ? draw.pick([0, 0, 1, 1, 2]) : draw.oneIn(15) ? states : draw.below(states)), client: client,
            clientPort: isTemplate ? 0 : traffic.port(),
            virtual: mark != 0 && isTemplate
                ? markAddress(mark) : traffic.address(mark != 0 ? traffic.node.hosts[0].address : service.address),
            virtualPort: service.port == 0 && !isTemplate ? anyPort : service.port,
            destination: traffic.address(server.address), destinationPort: server.port == 0 && !isTemplate ? anyPort : server.port,
            mark: mark, timeout: UInt32(draw.pick([0, 0, 60, 120, 900, 100_000])),
            options: draw.oneIn(10) ? [draw.pick([0x49, 0x49, 9]), 3, 1, 2, 3] : [])
    }

    /// A template of a mark has it in the first word of its virtual address.
    private func markAddress(_ mark: UInt32) -> IPAddress {
        let text = isIPv6
            ? "\(String(mark >> 16, radix: 16)):\(String(mark & 0xffff, radix: 16))::" : "\(mark >> 24).\(mark >> 16 & 255).\(mark >> 8 & 255).\(mark & 255)"
        return IPAddress(text) ?? .unspecified(isIPv6 ? .ipv6 : .ipv4)
    }

    private func add(_ entry: Entry, _ host: GeneratedNode.Host, to traffic: GeneratedTraffic) {
        let key = Conversation.Key(
            device: host.device, own: entry.client, peer: entry.virtual, ipProtocol: entry.ipProtocol, ownPort: entry.clientPort,
            peerPort: entry.virtualPort)
        var conversation = Conversation(
            key: key, mac: host.mac, routerMAC: traffic.node.routerMAC[host.device] ?? "", sequence: traffic.draw.word())
        conversation.sent = 1
        traffic.add(conversation)
    }

    private func old(_ entry: Entry) -> [UInt8] {
        [0, entry.ipProtocol] + [entry.clientPort, entry.virtualPort, entry.destinationPort].flatMap(TransportBytes.word)
            + entry.client.bytes + entry.virtual.bytes + entry.destination.bytes
            + TransportBytes.word(UInt16(truncatingIfNeeded: entry.flags)) + TransportBytes.word(entry.state)
    }

    private func new(_ entry: Entry) -> [UInt8] {
        let ports = [entry.clientPort, entry.virtualPort, entry.destinationPort].flatMap(TransportBytes.word)
        let ends = entry.client.bytes + entry.virtual.bytes + entry.destination.bytes
        let size = 24 + ends.count + entry.options.count
        return [entry.client.family == .ipv6 ? 1 : 0, entry.ipProtocol] + TransportBytes.word(UInt16(size))
            + TransportBytes.long(entry.flags) + TransportBytes.word(entry.state) + ports + TransportBytes.long(entry.mark)
            + TransportBytes.long(entry.timeout) + ends + entry.options
    }
}
