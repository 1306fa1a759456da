import Foundation
import Glibc

/// One node of the running kernel: a namespace with a setup's devices, and for each device the other end of its wire.
final class KernelNode {
    private static let control = "\(UInt16.random(in: 0...UInt16.max))"
    nonisolated(unsafe) private static var count = 0

    let router: String
    let hub: String
    let setup: LiveSetup
    private(set) var wires: [String: PacketSocket] = [:]
    /// What listens inside, by device.
    private var taps: [String: PacketSocket] = [:]
    private var watch: PacketSocket?
    private var local: [Int: Int32] = [:]
    private var listeners: [Int32] = []
    private var markers: UInt32 = 0
    /// Routes and rules that the kernel did not take.
    private(set) var refused: [String] = []

    /// The tools that this needs; `nil` for one that is not there.
    static func tool(_ name: String) -> String? {
        ["/usr/sbin/", "/sbin/", "/usr/bin/"].map { $0 + name }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    init(_ setup: LiveSetup) throws {
        Self.count += 1
        let name = "hawse-nf-\(getpid())-\(Self.control)-\(Self.count)"
        (router, hub, self.setup) = (name + "r", name + "h", setup)
        for space in [hub, router] { try LiveNamespaces.run(LiveNamespaces.ip, ["netns", "add", space]) }
        try build()
    }

    deinit {
        for socket in Array(wires.values) + Array(taps.values) { socket.close() }
        watch?.close()
        for descriptor in Array(local.values) + listeners { close(descriptor) }
        for space in [router, hub] { _ = try? LiveNamespaces.run(LiveNamespaces.ip, ["netns", "del", space]) }
    }

    private func build() throws {
        try inside(hub) { Self.write(["net.ipv6.conf.all.disable_ipv6": "1", "net.ipv6.conf.default.disable_ipv6": "1"]) }
        try inside(router) {
            Self.write(setup.sysctls)
            Self.write([
                "net.ipv6.conf.default.accept_dad": "0", "net.ipv6.conf.all.accept_dad": "0",
                "net.ipv6.conf.default.mldv2_unsolicited_report_interval": "1", "net.ipv6.mld_qrv": "1",
                "net.ipv6.conf.default.router_solicitations": "0", "net.ipv6.conf.default.autoconf": "0",
            ])
        }
        var hubLines: [String] = []
        var lines = ["link set lo up"]
        var later: [String] = []
        var addresses: [String] = []
        for device in setup.interfaces where device.kind != "loopback" {
            if device.kind == "dummy" {
                lines.append("link add \(device.name) address \(device.mac) mtu \(device.mtu) type dummy")
            } else if device.kind == "bridge" {
                lines.append("link add \(device.name) address \(device.mac) type bridge mcast_snooping 0 stp_state 0")
            } else if let vlan = device.vlan, let parent = device.parent {
                later.append("link add link \(parent) name \(device.name) address \(device.mac) type vlan id \(vlan)")
            } else if let tunnel = device.vxlan {
                // Behind the devices that it sends by.
                later.append("link add \(device.name) address \(device.mac) mtu \(device.mtu) type vxlan " + tunnel.words)
            } else {
                lines.append(
                    "link add \(device.name) address \(device.mac) mtu \(device.mtu) type veth peer name h-\(device.name) netns \(hub)"
                )
                // A veth refuses what its other end could not take; a wire does not.
                hubLines.append("link set h-\(device.name) arp off mtu 9000 up")
            }
        }
        lines += later
        for device in setup.interfaces where device.kind != "loopback" {
            for port in device.bridge_ports { lines.append("link set \(port) master \(device.name)") }
            if device.group != 0 { lines.append("link set \(device.name) group \(device.group)") }
            if device.up ?? true { addresses.append("link set \(device.name) up") }
            addresses += device.addresses.map { "addr add \($0) dev \(device.name)" }
        }
        try batch(router, lines)
        try inside(router) { Self.write(setup.sysctls) }
        try batch(hub, hubLines)
        try batch(router, addresses + setup.neighbors.map { $0.hasPrefix("proxy ") ? "neigh add \($0)" : "neigh replace \($0) nud permanent" })
        refused += try tolerantBatch(setup.routes, "route add ")
        refused += try tolerantBatch(setup.rules, "rule add ", family: setup.family)
        try bridges()
        for device in setup.interfaces where device.isWire {
            wires[device.name] = try PacketSocket(on: "h-\(device.name)", in: hub)
            try inside(router) { try Self.withoutChecksumOffload(device.name) }
        }
        watch = try setup.interfaces.first(where: \.isWire).map {
            try PacketSocket(on: $0.name, in: router, etherType: 0x88b5)
        }
        try inside(router) { try openSockets() }
        try awaitPorts()
        settleListenerReports()
        // A device that comes up takes its MTU for IPv6 anew.
        try inside(router) { Self.write(setup.sysctls) }
    }

    private func inside<Result>(_ space: String, _ work: () throws -> Result) throws -> Result {
        try LiveNamespace.inside(space, work)
    }

    private func batch(_ space: String, _ lines: [String], family: Int? = nil) throws {
        guard !lines.isEmpty else { return }
        let words = (family.map { ["-\($0)"] } ?? []) + ["-n", space, "-batch", "-"]
        try LiveNamespaces.run(LiveNamespaces.ip, words, input: lines.joined(separator: "\n") + "\n")
    }

    /// The lines that fail; the others have been carried out.
    private func tolerantBatch(_ lines: [String], _ verb: String, family: Int? = nil) throws -> [String] {
        guard !lines.isEmpty else { return [] }
        let words = (family.map { ["-\($0)"] } ?? []) + ["-n", router, "-force", "-batch", "-"]
        do {
            try LiveNamespaces.run(LiveNamespaces.ip, words, input: lines.map { verb + $0 + "\n" }.joined())
            return []
        } catch let failure as LiveNamespaces.Failure {
            let numbers = failure.message.matches(of: #/Command failed -:(\d+)/#).compactMap { Int($0.output.1) }
            guard !numbers.isEmpty else { throw failure }
            return numbers.map { lines[$0 - 1] }
        }
    }

    /// Switches of bridge ports, and forwarding entries.
    private func bridges() throws {
        var lines: [String] = []
        for device in setup.interfaces {
            for port in device.hairpin ?? [] { lines.append("link set dev \(port) hairpin on") }
            for (port, own) in (device.ports ?? [:]).sorted(by: { $0.key < $1.key }) {
                lines.append("link set dev \(port) " + own.words)
            }
        }
        for entry in setup.fdb {
            lines.append(entry.contains(" dst ") ? "fdb append \(entry) self permanent" : "fdb replace \(entry) static")
        }
        guard !lines.isEmpty else { return }
        try LiveNamespaces.run(
            LiveNamespaces.bridge, ["-n", router, "-batch", "-"], input: lines.joined(separator: "\n") + "\n")
    }

    /// Puts what was asked of `nf_conntrack_acct` in place again.
    func restoreAccounting() throws {
        try inside(router) { Self.write(setup.sysctls.filter { $0.key == "net.netfilter.nf_conntrack_acct" }) }
    }

    private static func write(_ sysctls: [String: String]) {
        // `all` before what it would overwrite.
        for (key, value) in sysctls.sorted(by: { $0.key < $1.key }) {
            // Devices may have dots in their names.
            let path = "/proc/sys/" + key.replacingOccurrences(of: ".", with: "/").replacing(#/flannel\/(\d)/#) { "flannel.\($0.output.1)" }
            let descriptor = open(path, O_WRONLY)
            guard descriptor >= 0 else { continue }
            _ = Glibc.write(descriptor, value, value.utf8.count)
            close(descriptor)
        }
    }

    /// Changes a setting while packets flow.
    func set(_ key: String, to value: String) throws { try inside(router) { Self.write([key: value]) } }

    /// `ETHTOOL_STXCSUM` 0: what the node itself sends leaves with whole checksums.
    private static func withoutChecksumOffload(_ device: String) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var command: [UInt32] = [0x17, 0]
        var request = [UInt8](repeating: 0, count: 40)
        for (index, byte) in device.utf8.prefix(15).enumerated() { request[index] = byte }
        let result = command.withUnsafeMutableBytes { command in
            request.withUnsafeMutableBytes { request in
                request.storeBytes(of: command.baseAddress.map { UInt(bitPattern: $0) } ?? 0, toByteOffset: 16, as: UInt.self)
                return request.baseAddress.map { ioctl(descriptor, 0x8946, $0) } ?? -1
            }
        }
        guard result == 0 else { throw LiveNamespaces.Failure(message: "\(device): checksum offload cannot be switched off") }
    }

    private func openSockets() throws {
        for (family, domain) in [(4, AF_INET), (6, AF_INET6)] {
            let descriptor = socket(domain, Int32(SOCK_RAW.rawValue), 255)
            guard descriptor >= 0 else { throw LiveNamespaces.Failure(message: "no raw socket") }
            var one: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_BROADCAST, &one, 4)
            local[family] = descriptor
        }
        for listener in setup.listeners {
            let domain = listener.family == 6 ? AF_INET6 : AF_INET
            let descriptor = socket(domain, Int32(SOCK_DGRAM.rawValue), 0)
            var one: Int32 = 1
            setsockopt(descriptor, 41, 26, &one, 4)
            var address = [UInt8](repeating: 0, count: listener.family == 6 ? 28 : 16)
            address.withUnsafeMutableBytes { bytes in
                bytes.storeBytes(of: UInt16(domain), toByteOffset: 0, as: UInt16.self)
                bytes.storeBytes(of: listener.port.bigEndian, toByteOffset: 2, as: UInt16.self)
            }
            let bound = address.withUnsafeBytes { bytes in
                bytes.baseAddress.map { bind(descriptor, $0.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count)) }
                    ?? -1
            }
            guard bound == 0 else { throw LiveNamespaces.Failure(message: "port \(listener.port) cannot be bound") }
            listeners.append(descriptor)
        }
    }

    /// A bridge forwards only once the kernel's link watch has seen its ports.
    func awaitPorts() throws {
        guard setup.interfaces.contains(where: { $0.kind == "bridge" }) else { return }
        let deadline = Date().addingTimeInterval(30)
        while true {
            let ports = try LiveNamespaces.run(LiveNamespaces.bridge, ["-n", router, "link", "show"]).split(separator: "\n")
            // One that has been taken down stays disabled.
            if ports.allSatisfy({ ($0.contains("state forwarding") && $0.contains("LOWER_UP")) || !$0.contains(",UP") }) { return }
            guard Date() < deadline else { throw LiveNamespaces.Failure(message: "bridge ports do not come up") }
            usleep(5000)
        }
    }

    /// The node reports its multicast groups some milliseconds after its addresses are set: before rules are loaded.
    private func settleListenerReports() {
        usleep(30_000)
        for socket in wires.values { _ = socket.arrived() }
    }

    /// Waits until the node has said by itself what it has to say, on however slow a machine.
    func awaitSilence() {
        for _ in 0..<20 {
            usleep(150_000)
            if wires.values.map({ $0.arrived().count }).reduce(0, +) == 0 { return }
        }
    }

    // MARK: packets

    /// Sends a frame into a device.
    func inject(_ frame: [UInt8], on device: String) throws {
        guard let wire = wires[device] else { throw LiveNamespaces.Failure(message: "no device \(device)") }
        try wire.send(frame)
    }

    /// From now on what comes in by a device without a wire (`lo`) is told by `settled` too.
    func listen(on device: String) throws { taps[device] = try PacketSocket(on: device, in: router) }

    /// Sends an IP packet from the node itself, header and all.
    func sendLocal(_ packet: [UInt8]) {
        let isIPv6 = packet[0] >> 4 == 6
        var address = [UInt8](repeating: 0, count: isIPv6 ? 28 : 16)
        address[0] = UInt8(isIPv6 ? AF_INET6 : AF_INET)
        address.replaceSubrange(isIPv6 ? 8..<24 : 4..<8, with: packet[isIPv6 ? 24..<40 : 16..<20])
        address.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            _ = sendto(
                local[isIPv6 ? 6 : 4] ?? -1, packet, packet.count, 0, start.assumingMemoryBound(to: sockaddr.self),
                socklen_t(bytes.count))
        }
    }

    /// What has left, by device, once all that was sent so far has been dealt with: a frame of another kind that is sent
    /// behind it has been seen inside, twice, as the frames that leave wait in the same queue.
    func settled() throws -> [String: [[UInt8]]] {
        guard let watch, let device = setup.interfaces.first(where: \.isWire), let wire = wires[device.name] else {
            return [:]
        }
        for _ in 0..<2 {
            markers &+= 1
            let number = (0..<4).map { UInt8(truncatingIfNeeded: markers >> ($0 * 8)) }
            let frame =
                [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0xff, 1, 0x88, 0xb5] + number + [UInt8](repeating: 0, count: 42)
            try wire.send(frame)
            var isSeen = false
            while !isSeen {
                guard watch.await(milliseconds: 5000) else { throw LiveNamespaces.Failure(message: "the kernel does not get on") }
                isSeen = watch.arrived().contains { $0.count >= 18 && Array($0[14..<18]) == number }
            }
        }
        return wires.merging(taps) { wire, _ in wire }.mapValues { $0.arrived() }
    }

    // MARK: rules and states

    /// Runs a program in the node.
    @discardableResult
    func run(_ name: String, _ arguments: [String], input: String? = nil) throws -> String {
        try inside(router) { try LiveNamespaces.run(Self.tool(name), arguments, input: input) }
    }

    private var save: String { setup.family == 6 ? "ip6tables-legacy-save" : "iptables-legacy-save" }

    func states(hasSets: Bool) throws -> [String: String] {
        var states = ["iptables.v\(setup.family)": try run(save, ["-c"])]
        let listing = try run("conntrack", ["-L", "-o", "extended", "-f", setup.family == 6 ? "ipv6" : "ipv4"])
        states["conntrack"] = listing.split(separator: "\n").filter { $0.hasPrefix("ipv") }.map { Self.timeless($0) }.sorted()
            .map { $0 + "\n" }.joined()
        if hasSets {
            states["ipset"] = try run("ipset", ["save"]).split(separator: "\n")
                .map { $0.replacing(#/ initval 0x[0-9a-f]+/#, with: "") }.sorted().map { $0 + "\n" }.joined()
        }
        return states
    }

    /// A conntrack line without its timer and, unless it is kept, its use count.
    static func timeless(_ line: Substring, keepsUses: Bool = false) -> String {
        var words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        if !keepsUses { words.removeAll { $0.hasPrefix("use=") } }
        // How old a connection is, by the wall clock (`nf_conntrack_timestamp`).
        words.removeAll { $0.hasPrefix("delta-time=") }
        // Family, its number, protocol, its number, timer; the blanks between are padding.
        var seen = 0
        for index in words.indices where !words[index].isEmpty {
            seen += 1
            if seen == 5 {
                words.remove(at: index)
                break
            }
        }
        return words.joined(separator: " ")
    }
}

extension LiveSetup.Port {
    /// As `bridge link set` takes them.
    fileprivate var words: String {
        func word(_ name: String, _ value: Bool) -> String { name + (value ? " on" : " off") }
        return [
            word("learning", learning), word("flood", flood), word("mcast_flood", mcast_flood),
            word("bcast_flood", bcast_flood), word("isolated", isolated),
        ].joined(separator: " ")
    }
}

extension LiveSetup.VXLAN {
    /// As `ip link add … type vxlan` takes them.
    fileprivate var words: String {
        var words = "id \(vni) local \(local) dev \(dev) dstport \(port) \(learning ? "learning" : "nolearning")"
        if let remote { words += " remote \(remote)" }
        if let ttl { words += " ttl \(ttl.word)" }
        if let tos { words += " tos 0x" + String(tos, radix: 16) }
        if let df { words += " df \(df)" }
        if let udpcsum { words += udpcsum ? " udpcsum" : " noudpcsum" }
        if gbp { words += " gbp" }
        if let srcport { words += " srcport \(srcport[0]) \(srcport[1])" }
        if let udp6zerocsumtx { words += udp6zerocsumtx ? " udp6zerocsumtx" : " noudp6zerocsumtx" }
        if let udp6zerocsumrx { words += udp6zerocsumrx ? " udp6zerocsumrx" : " noudp6zerocsumrx" }
        return words
    }
}
