import Foundation
import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// A classic pcap file's packets, seconds since the epoch and bytes; enough for the recorded cases.
func readPcap(_ path: String) -> [(time: Instant, bytes: [UInt8])] {
    guard let data = FileManager.default.contents(atPath: path), data.count >= 24 else { return [] }
    let bytes = [UInt8](data)
    func word(_ i: Int) -> UInt32 {
        UInt32(bytes[i]) | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]) << 16 | UInt32(bytes[i + 3]) << 24
    }
    let nano = word(0) == 0xa1b2_3c4d
    var i = 24
    var packets: [(Instant, [UInt8])] = []
    while i + 16 <= bytes.count {
        let length = Int(word(i + 8))
        let time = Instant(seconds: Int64(word(i)), nanoseconds: Int64(word(i + 4)) * (nano ? 1 : 1000))
        packets.append((time, Array(bytes[(i + 16)..<(i + 16 + length)])))
        i += 16 + length
    }
    return packets
}

/// A node's connection tracking without the rest: no rules, no routes.
struct TrackerReplay {
    let dataplane: Dataplane
    /// Packets by state as the matches would see it.
    var states: [String: Int] = [:]
    init(_ sysctls: [String: String]) throws {
        var spec = NodeSpec(name: "n")
        spec.sysctls = Sysctls(sysctls)
        dataplane = try Dataplane(spec, seed: 1)
    }

    /// What conntrack makes of a packet on its way in, and that it gets through.
    mutating func feed(_ bytes: [UInt8], isLocal: Bool, at now: Instant) {
        dataplane.advance(to: now)
        let node = dataplane.node
        let walk = Walk<Plain>(node: node)
        guard let packet = node.pointee.pool.take(bytes: bytes.count) else { return }
        bytes.withUnsafeBytes { packet.fill(frame: $0, linkLength: isLocal ? 0 : 14) }
        guard packet.dissect() == .ok else {
            walk.finish(packet)
            return
        }
        let hook: Hook = isLocal ? .output : .prerouting
        var verdict = walk.defragment(packet, at: hook)
        if verdict == .stolen { return }
        if verdict == .accept { verdict = walk.conntrackIn(packet, at: hook) }
        let name: String
        switch packet.pointee.connectionInfo {
        case .new: name = "NEW"
        case .established, .establishedReply: name = "ESTABLISHED"
        case .related, .relatedReply: name = "RELATED"
        case .untracked: name = "UNTRACKED"
        case .none: name = "INVALID"
        }
        states[name, default: 0] += 1
        if verdict == .accept { _ = walk.conntrackConfirm(packet, at: .postrouting) }
        walk.finish(packet)
    }
}

/// The recorded cases whose connections depend on the packets alone, not on rules, routes or answers: the trackers by
/// themselves must come to the kernel's states, table and INVALID packets.
@Suite struct TrackerReplayTests {
    static let names = [
        "gre-generic", "icmp-echo", "icmp-related", "sctp", "tcp-bad-packets", "tcp-be-liberal", "tcp-each-state",
        "tcp-full", "tcp-out-of-window", "tcp-pickup-loose", "tcp-pickup-strict", "tcp-reopen-close",
        "tcp-retransmits", "tcp-rst-validity", "tcp-simultaneous-open", "tcp-syn-in-established",
        "tcp-window-scale", "udp-assured-timed", "udp",
    ]

    static var root: String {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path + "/pcaps/cases/conntrack"
    }

    private struct CaseFile: Decodable { var sysctls: [String: String] }

    @Test(arguments: names, ["v4", "v6"])
    func matchesTheKernel(_ name: String, _ family: String) throws {
        let directory = "\(Self.root)/\(name)-\(family)"
        let file = try JSONDecoder().decode(
            CaseFile.self, from: Data(contentsOf: URL(fileURLWithPath: directory + "/case.json")))
        var replay = try TrackerReplay(file.sysctls)
        var inputs: [(time: Instant, bytes: [UInt8], isLocal: Bool)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: directory + "/in").sorted() {
            inputs += readPcap(directory + "/in/" + name).map { ($0.time, $0.bytes, name == "local.pcap") }
        }
        try #require(!inputs.isEmpty)
        inputs.sort { $0.time < $1.time }
        for input in inputs { replay.feed(input.bytes, isLocal: input.isLocal, at: input.time) }
        replay.dataplane.advance(to: (inputs.last?.time ?? .zero) + .milliseconds(4200))

        let listing = try String(contentsOfFile: directory + "/expect/conntrack", encoding: .utf8)
        #expect(ConntrackPrinter.timelessListing(replay.dataplane.connections()) == listing)
        let rules = try String(contentsOfFile: directory + "/expect/iptables.\(family)", encoding: .utf8)
        var compared = 0
        for line in rules.split(separator: "\n")
        where line.contains("-A FORWARD -m conntrack --ctstate") && !line.contains("-j") {
            let words = line.split(separator: " ")
            let state = String(words[words.count - 1])
            let count = Int(line.dropFirst().prefix { $0 != ":" })
            #expect(replay.states[state] ?? 0 == count, "\(state)")
            compared += 1
        }
        #expect(compared > 0 || !rules.contains("--ctstate INVALID"))
    }
}
