import Foundation
import Hawse

/// A node and its traffic as files that `hawse replay --node-dir` takes, and other programs too.
public struct NodeFiles {
    public let directory: String

    /// Writes `case.json`, `iptables.v4` and `traffic.pcap`: handshakes of all flows, then `rounds` times every packet of the
    /// established flows. Returns how many packets there are.
    public static func write(_ load: EstablishedLoad, _ kube: KubeNode, rounds: Int, to directory: String) throws -> Int {
        try write(kube, to: directory)
        var writer = try PcapWriter(to: .file(directory + "/traffic.pcap"))
        var time: Int64 = 1_700_000_000_000_000_000
        var count = 0
        for (traffic, times) in [(load.opening, 1), (load.traffic, rounds)] {
            try traffic.bytes.withUnsafeBytes { raw in
                for _ in 0..<times {
                    for item in traffic.items {
                        time += 1000
                        count += 1
                        try writer.write(
                            UnsafeRawBufferPointer(rebasing: raw[item.offset..<(item.offset + item.length)]), timestamp: time)
                    }
                }
            }
        }
        try writer.close()
        return count
    }

    /// The node alone: `case.json` and `iptables.v4`.
    public static func write(_ kube: KubeNode, to directory: String) throws {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Data(CaseText.text(kube.spec, suite: "benchmarks", about: "kube-proxy's rules for many Services.").utf8).write(to: URL(fileURLWithPath: directory + "/case.json"))
        if let rules = kube.spec.iptables {
            try Data(IPTablesPrinter().text(rules).utf8).write(to: URL(fileURLWithPath: directory + "/iptables.v4"))
        }
    }

    /// Frames as they are, a microsecond apart.
    public static func write(_ traffic: Traffic, to path: String) throws {
        var writer = try PcapWriter(to: .file(path), precision: .microseconds)
        try traffic.bytes.withUnsafeBytes { raw in
            for (index, item) in traffic.items.enumerated() {
                try writer.write(
                    UnsafeRawBufferPointer(rebasing: raw[item.offset..<(item.offset + item.length)]),
                    timestamp: 1_700_000_000_000_000_000 + Int64(index) * 1000)
            }
        }
        try writer.close()
    }

    /// The same by steps, for programs that take one interface at a time: what clients send first (`open.eth0.pcap`), what
    /// servers answer (`open.eth1.pcap`), all of that in order (`opening.pcap`), and requests of established flows
    /// (`requests.pcap`).
    public static func writeSteps(_ load: EstablishedLoad, to directory: String) throws {
        guard let eth0 = load.node.interfaceIndex("eth0") else { return }
        // Of each flow: SYN, the server's answer, data.
        for (name, traffic, wanted) in [
            ("open.eth0", load.opening, { (index: Int, interface: UInt16) in interface == eth0 && index % 3 == 0 }),
            ("open.eth1", load.opening, { (_: Int, interface: UInt16) in interface != eth0 }),
            ("opening", load.opening, { (_: Int, _: UInt16) in true }),
            ("requests", load.traffic, { (_: Int, interface: UInt16) in interface == eth0 }),
        ] {
            var writer = try PcapWriter(to: .file("\(directory)/\(name).pcap"), precision: .microseconds)
            try traffic.bytes.withUnsafeBytes { raw in
                for (index, item) in traffic.items.enumerated() where wanted(index, item.interface) {
                    try writer.write(
                        UnsafeRawBufferPointer(rebasing: raw[item.offset..<(item.offset + item.length)]),
                        timestamp: 1_700_000_000_000_000_000 + Int64(index) * 1000)
                }
            }
            try writer.close()
        }
    }
}
