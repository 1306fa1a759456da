import Foundation
import HawseCapture
import HawseWire

/// What a node looks like, as case.json has it.
struct LiveSetup: Encodable {
    struct Interface: Encodable {
        var name: String
        var mac: String
        var mtu = 1500
        var addresses: [String]
        var kind = "ether"
        var group = 0
        var bridge_ports: [String] = []
        var hairpin: [String]?
        var ports: [String: Port]?
        var vxlan: VXLAN?
        var vlan: Int?
        var parent: String?
        /// Absent: up.
        var up: Bool?

        /// Whether there is a wire with another end.
        var isWire: Bool { kind == "ether" }
    }

    /// Switches of a bridge port.
    struct Port: Encodable {
        var learning = true
        var flood = true
        var mcast_flood = true
        var bcast_flood = true
        var isolated = false
    }

    struct VXLAN: Encodable {
        var vni: Int
        var local: String
        var dev: String
        var port = 8472
        var learning = false
        var gbp = false
        var ttl: TTL?
        var tos: Int?
        var df: String?
        var udpcsum: Bool?
        var remote: String?
        var srcport: [Int]?
        var udp6zerocsumtx: Bool?
        var udp6zerocsumrx: Bool?

        enum TTL: Encodable {
            case number(Int)
            case inherit

            var word: String { if case .number(let value) = self { "\(value)" } else { "inherit" } }

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                if case .number(let value) = self { try container.encode(value) } else { try container.encode("inherit") }
            }
        }
    }

    struct Socket: Encodable {
        var proto: String
        var port: UInt16
        var family: Int
    }

    /// A command that runs in the node between two packets.
    struct Event: Encodable {
        /// Seconds since 1970.
        var at: Double
        var cmd: String
    }

    struct Free: Encodable {
        var field: String
        var of: String?
        var range: [Int]?
        var iface: String?
        var frames: [Int]?
    }

    var name: String
    var suite = "generated"
    var about: String
    var kernel = ""
    var timed = false
    var family: Int
    var interfaces: [Interface]
    var routes: [String]
    var rules: [String] = []
    var neighbors: [String]
    var fdb: [String] = []
    var sysctls: [String: String]
    var listeners: [Socket] = []
    var events: [Event] = []
    var free: [Free] = []

    mutating func leaveOut(_ lines: [String]) {
        for line in lines {
            // Of two that are the same the second is refused.
            if let place = routes.lastIndex(of: line) { routes.remove(at: place) }
            if let place = rules.lastIndex(of: line) { rules.remove(at: place) }
        }
    }
}

/// What is loaded into a node before the first packet.
struct LiveRules {
    /// Of the setup's family, as iptables-restore takes them.
    var tables: String
    /// As `ipset restore` takes them.
    var sets: String
    /// As `ipvsadm --restore` takes them.
    var servers = ""
    /// As `nfct list timeout` prints them.
    var timeouts = ""
}

/// A change between two packets, as steps.json has it.
struct LiveStep: Encodable {
    var after_packet: Int
    /// Seconds after the case's beginning.
    var at: Double
    var ipvsadm: [String]
    var sysctls: [String: String]
    var snapshot: Int?
}

/// What a kernel did with a node and packets; written in the form of the golden cases.
struct LiveCase {
    struct Frame {
        var nanoseconds: Int64
        var bytes: [UInt8]
    }

    var setup: LiveSetup
    var rules: LiveRules
    var steps: [LiveStep] = []
    /// By device; `local` for what the node itself sends.
    var inputs: [String: [Frame]] = [:]
    var outputs: [String: [Frame]] = [:]
    /// By file name in expect/.
    var states: [String: String] = [:]

    /// The kernel draws the identification of the IPv6 fragments that the node makes.
    mutating func freeFragmentNumbers(of own: [String]) {
        for (device, frames) in outputs.sorted(by: { $0.key < $1.key }) {
            let numbers = frames.indices.filter {
                guard let received = Received(frames[$0].bytes), received.isIPv6, received.isFragment else { return false }
                return own.contains("\(received.source)")
            }
            if !numbers.isEmpty { setup.free.append(LiveSetup.Free(field: "ip-id", iface: device, frames: numbers)) }
        }
    }

    func write(to directory: String) throws {
        for folder in ["in", "out", "expect"] {
            try FileManager.default.createDirectory(atPath: directory + "/" + folder, withIntermediateDirectories: true)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(setup).write(to: URL(fileURLWithPath: directory + "/case.json"))
        if !rules.tables.isEmpty { try store(rules.tables, directory + "/iptables.v\(setup.family)") }
        if !rules.sets.isEmpty { try store(rules.sets, directory + "/ipset") }
        if !rules.timeouts.isEmpty { try store(rules.timeouts, directory + "/nfct") }
        if !rules.servers.isEmpty { try store(rules.servers, directory + "/ipvs") }
        if !steps.isEmpty { try encoder.encode(steps).write(to: URL(fileURLWithPath: directory + "/steps.json")) }
        for (name, frames) in inputs { try capture(frames, directory + "/in/\(name).pcap", isRaw: name == "local") }
        for (name, frames) in outputs { try capture(frames, directory + "/out/\(name).pcap", isRaw: false) }
        for (name, text) in states { try store(text, directory + "/expect/" + name) }
    }

    private func store(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }

    private func capture(_ frames: [Frame], _ path: String, isRaw: Bool) throws {
        var writer = try PcapWriter(to: .file(path), linkType: isRaw ? .raw : .ethernet, precision: .microseconds)
        for frame in frames {
            try frame.bytes.withUnsafeBytes { try writer.write($0, timestamp: frame.nanoseconds) }
        }
        try writer.close()
    }
}
