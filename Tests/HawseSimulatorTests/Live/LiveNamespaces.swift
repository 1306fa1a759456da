import Foundation
import HawseModel
import HawseWire

/// Network namespaces of the running kernel, built from the same specs as simulated nodes: `ip` and `bridge` make the
/// devices; sockets of this process inject frames at pods and watch the underlay.
final class LiveNamespaces {
    struct Failure: Error { var message: String }

    static let ip = ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].first { FileManager.default.isExecutableFile(atPath: $0) }
    static let bridge = ["/usr/sbin/bridge", "/sbin/bridge", "/usr/bin/bridge"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Why it cannot be done here; `nil` when it can.
    static let obstacle: String? = {
        if geteuid() != 0 { return "not root" }
        guard ip != nil, bridge != nil else { return "no ip or bridge command (iproute2)" }
        removeAbandoned()
        let name = "hawse-probe-\(getpid())"
        defer { _ = try? run(ip, ["netns", "del", name]) }
        do {
            try run(ip, ["netns", "add", name])
            try run(ip, ["-n", name, "link", "add", "v0", "type", "vxlan", "id", "1", "dstport", "8472"])
            try run(ip, ["-n", name, "link", "add", "b0", "type", "bridge"])
        } catch { return "namespaces, bridges or VXLAN devices cannot be made: \(error)" }
        return nil
    }()

    /// Removes the namespaces of runs that were killed: copies that TEE makes may go round in them until the machine is restarted.
    private static func removeAbandoned() {
        for line in (try? run(ip, ["netns", "list"]))?.split(separator: "\n") ?? [] {
            let name = line.prefix { $0 != " " }
            // hawse-PID-… and hawse-nf-PID-…
            let words = name.split(separator: "-")
            let owner = words.dropFirst().dropLast().lazy.compactMap { Int32($0) }.first
            guard words.first == "hawse", let owner, kill(owner, 0) != 0, errno == ESRCH else { continue }
            _ = try? run(ip, ["netns", "del", String(name)])
        }
    }

    /// Whether the kernel has a kind of device.
    static func canMake(_ kind: String, _ options: [String] = ["local", "192.0.2.1"]) -> Bool {
        let name = "hawse-probe-\(getpid())-\(kind)"
        defer { _ = try? run(ip, ["netns", "del", name]) }
        do {
            try run(ip, ["netns", "add", name])
            try run(ip, ["-n", name, "link", "add", "below", "type", "bridge"])
            let link = options.first == "link" ? Array(options.prefix(2)) : []
            try run(ip, ["-n", name, "link", "add"] + link + ["name", "probe", "type", kind] + options.dropFirst(link.count))
        } catch { return false }
        return true
    }

    private let prefix = "hawse-\(getpid())-\(UInt16.random(in: 0...UInt16.max))"
    private var namespaces: [String] = []
    /// The underlay's end of each node's wire, and each pod's end, as sockets.
    private(set) var underlay: [Int: PacketSocket] = [:]
    private(set) var pods: [Int: PacketSocket] = [:]

    private var hub: String { prefix + "-hub" }
    private func node(_ index: Int) -> String { prefix + "-\(index)" }

    deinit {
        for socket in Array(underlay.values) + Array(pods.values) { socket.close() }
        for name in namespaces { _ = try? Self.run(Self.ip, ["netns", "del", name]) }
    }

    private let families: Set<AddressFamily>

    /// `podNumber` gives the pod behind a veth. Nodes have the specs' addresses of these families.
    init(_ specs: [NodeSpec], families: Set<AddressFamily> = [.ipv4], podNumber: (String) -> Int?) throws {
        self.families = families
        try add(hub)
        try batch(hub, ["link add sw type bridge mcast_snooping 0", "link set sw up"])
        for (index, spec) in specs.enumerated() {
            try add(node(index))
            try build(index, spec, podNumber)
        }
        try awaitForwarding()
    }

    /// A new wire is up at once, but bridges hear of it only when the kernel's link watch has run, on a busy machine
    /// seconds later; until then they drop.
    private func awaitForwarding() throws {
        let deadline = Date().addingTimeInterval(30)
        for name in namespaces {
            while true {
                let ports = try Self.run(Self.bridge, ["-n", name, "link", "show"]).split(separator: "\n")
                    .filter { $0.contains(" state ") }
                if !ports.isEmpty, ports.allSatisfy({ $0.contains("state forwarding") && $0.contains("LOWER_UP") }) { break }
                guard Date() < deadline else { throw Failure(message: "bridge ports do not come up in \(name)") }
                usleep(20_000)
            }
        }
    }

    private func add(_ name: String) throws {
        try Self.run(Self.ip, ["netns", "add", name])
        namespaces.append(name)
        // Where there is IPv6, nobody makes up addresses or asks whether they are taken.
        let settings = name != hub && families.contains(.ipv6)
            ? ["accept_dad=0", "router_solicitations=0", "autoconf=0", "addr_gen_mode=1"] : ["disable_ipv6=1"]
        for setting in settings.map({ $0.split(separator: "=") }) {
            for key in ["all", "default"] { try sysctl(name, "net.ipv6.conf.\(key).\(setting[0])", String(setting[1])) }
        }
        try batch(name, ["link set lo up"])
    }

    private func sysctl(_ name: String, _ key: String, _ value: String) throws {
        let path = "/proc/sys/" + key.replacingOccurrences(of: ".", with: "/")
        try Self.run(Self.ip, ["netns", "exec", name, "/bin/sh", "-c", "[ ! -e \(path) ] || echo \(value) > \(path)"])
    }

    private func batch(_ name: String, _ lines: [String]) throws {
        try Self.run(Self.ip, ["-n", name, "-batch", "-"], input: lines.joined(separator: "\n") + "\n")
    }

    private func build(_ index: Int, _ spec: NodeSpec, _ podNumber: (String) -> Int?) throws {
        let name = node(index)
        for (key, value) in spec.sysctls.values.sorted(by: { $0.key < $1.key })
        where key.hasPrefix("net.ipv4.") || key.hasPrefix("net.bridge.") || families.contains(.ipv6) && key.hasPrefix("net.ipv6.") {
            try sysctl(name, key, value)
        }
        for device in spec.interfaces { try make(device, index, podNumber) }
        var lines: [String] = []
        for route in spec.routes where families.contains(route.destination.family) {
            guard let hop = route.nextHops.first, let device = hop.device else { continue }
            let gateway = hop.gateway.map { "via \($0)" } ?? ""
            lines.append("route add \(route.destination) \(gateway) dev \(device) \(hop.onlink ? "onlink" : "")")
        }
        for entry in spec.neighbors where families.contains(entry.address.family) {
            guard let mac = entry.mac else { continue }
            lines.append("neigh replace \(entry.address) lladdr \(mac) dev \(entry.device) nud permanent")
        }
        try batch(name, lines)
        for entry in spec.forwarding {
            if let destination = entry.destination {
                try Self.run(
                    Self.bridge,
                    ["-n", name, "fdb", "append", "\(entry.mac)", "dev", entry.device, "dst", "\(destination)", "self", "permanent"])
            } else {
                try Self.run(
                    Self.bridge, ["-n", name, "fdb", "replace", "\(entry.mac)", "dev", entry.device, "master", "static"])
            }
        }
    }

    private func make(_ device: InterfaceSpec, _ index: Int, _ podNumber: (String) -> Int?) throws {
        let name = node(index)
        let addresses = device.addresses.filter { families.contains($0.family) }.map { "addr add \($0) dev \(device.name)" }
        let setUp = ["link set \(device.name) mtu \(device.mtu) up"] + addresses
        switch device.kind {
        case .ether:
            try batch(hub, ["link add e\(index) type veth peer name \(device.name) netns \(name)"])
            try batch(hub, ["link set e\(index) master sw mtu \(device.mtu) up"])
            try batch(name, ["link set \(device.name) address \(device.mac)"] + setUp)
            underlay[index] = try PacketSocket(on: "e\(index)", in: hub)
        case .bridge:
            try batch(name, ["link add \(device.name) address \(device.mac) type bridge mcast_snooping 0"] + setUp)
        case .veth:
            guard let number = podNumber(device.name) else { return }
            try batch(hub, ["link add p\(number) mtu \(device.mtu) type veth peer name \(device.name) netns \(name)"])
            try batch(hub, ["link set p\(number) up"])
            try batch(
                name,
                ["link set \(device.name) address \(device.mac)", "link set \(device.name) master \(device.bridge ?? "cni0")"] + setUp)
            try Self.run(Self.bridge, ["-n", name, "link", "set", "dev", device.name, "hairpin", "on"])
            pods[number] = try PacketSocket(on: "p\(number)", in: hub)
        case .vxlan(let options):
            let local = options.local.map { "local \($0)" } ?? ""
            try batch(
                name,
                [
                    "link add \(device.name) address \(device.mac) type vxlan id \(options.vni) \(local) dev \(options.device ?? "eth0")"
                        + " dstport \(options.port) nolearning"
                ] + setUp)
        case .ipip(let tunnel):
            let local = tunnel.local.map { "\($0)" } ?? "any"
            let discovery = tunnel.discoversPathMTU ? "pmtudisc" : "nopmtudisc"
            try batch(name, ["link add \(device.name) type ipip local \(local) remote any \(discovery)"] + setUp)
        default: throw Failure(message: "\(device.name) is not built here")
        }
    }

    func inject(_ frame: [UInt8], pod: Int) throws {
        guard let socket = pods[pod] else { throw Failure(message: "there is no pod \(pod)") }
        try socket.send(frame)
    }

    /// A frame from the underlay, sent by nobody of the cluster.
    func inject(_ frame: [UInt8], underlay node: Int) throws {
        guard let socket = underlay[node] else { throw Failure(message: "there is no node \(node)") }
        try socket.send(frame)
    }

    /// Runs a program in a node's namespace; what it says when it fails is thrown.
    @discardableResult
    func run(_ program: String, _ arguments: [String] = [], onNode index: Int, input: String? = nil) throws -> String {
        try Self.run(Self.ip, ["netns", "exec", node(index), program] + arguments, input: input)
    }

    @discardableResult
    static func run(_ program: String?, _ arguments: [String], input: String? = nil) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: program ?? "")
        process.arguments = arguments
        let output = Pipe()
        let complaints = Pipe()
        process.standardOutput = output
        process.standardError = complaints
        let feed = Pipe()
        process.standardInput = input == nil ? FileHandle.nullDevice : feed
        try process.run()
        if let input {
            feed.fileHandleForWriting.write(Data(input.utf8))
            try feed.fileHandleForWriting.close()
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaint = String(decoding: complaints.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failure(message: "\(arguments.joined(separator: " ")) \(input ?? ""): \(text)\(complaint)")
        }
        return text
    }
}
