import Foundation
import Testing

/// `hawse replay --shards`: the same files and summary as with one shard, and a reason where there is only one.
@Suite struct ShardedReplayTests {
    private static let caseText = """
        {"name": "sharded", "suite": "cli", "about": "A node with destination NAT.", "kernel": "none", "timed": false,
         "interfaces": [{"name": "eth0", "kind": "ether", "mac": "02:00:00:01:00:01", "mtu": 1500, "addresses": ["192.0.2.1/24"]},
                        {"name": "eth1", "kind": "ether", "mac": "02:00:00:01:00:02", "mtu": 1500, "addresses": ["10.1.0.1/24"]}],
         "routes": ["default via 192.0.2.254 dev eth0", "10.244.0.0/16 via 10.1.0.2 dev eth1"],
         "neighbors": ["192.0.2.254 lladdr 02:00:00:fe:00:fe dev eth0", "10.1.0.2 lladdr 02:00:00:fe:00:02 dev eth1"],
         "sysctls": {"net.ipv4.ip_forward": "1"}, "free": []}
        """

    private static func rules(_ last: String) -> String {
        """
        *nat
        :PREROUTING ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A PREROUTING -d 10.96.0.80/32 -p udp -m udp --dport 53 -j DNAT --to-destination 10.244.0.5:5353
        \(last)
        COMMIT

        """
    }

    private func prepare(_ last: String) throws -> String {
        let folder = FileManager.default.temporaryDirectory.path + "/hawse-shards-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(Self.caseText.utf8).write(to: URL(fileURLWithPath: folder + "/case.json"))
        try Data(Self.rules(last).utf8).write(to: URL(fileURLWithPath: folder + "/iptables.v4"))
        let made = try HawseProgram.shell(
            "\"\(HawseProgram.path)\" generate -w \(folder)/in.pcap --to 10.96.0.80:53 --to 10.244.7.7:53 --packets 40000 --flows 500 --proto udp --one-way --size imix")
        #expect(made.status == 0)
        return folder
    }

    @Test func shardsWriteTheSameFiles() throws {
        let folder = try prepare("")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let replay = "\"\(HawseProgram.path)\" replay --node-dir \(folder) -r \(folder)/in.pcap --summary json --out-dir \(folder)"
        let one = try HawseProgram.shell("\(replay)/one 2>&1")
        let three = try HawseProgram.shell("\(replay)/three --shards 3 2>&1")
        #expect(one.status == 0 && three.status == 0)
        #expect(one.output.contains("\"transmitted\":40000"))
        #expect(three.output == one.output)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder + "/one") {
            let same = FileManager.default.contentsEqual(atPath: "\(folder)/one/\(name)", andPath: "\(folder)/three/\(name)")
            #expect(same, "\(name)")
        }
    }

    @Test func orderIsAReasonForOneShard() throws {
        let folder = try prepare("-A POSTROUTING -j MASQUERADE")
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let replay = "\"\(HawseProgram.path)\" replay --node-dir \(folder) -r \(folder)/in.pcap --shards 2 --summary json"
        let exact = try HawseProgram.shell("\(replay) 2>&1")
        #expect(exact.status == 0)
        #expect(
            exact.output.contains(
                "iptables nat POSTROUTING rule 1: MASQUERADE shares source ports among connections: running on one shard"))
        let approximate = try HawseProgram.shell("\(replay) --approximate 2>&1")
        #expect(approximate.status == 0)
        #expect(!approximate.output.contains("running on one shard"))
        #expect(approximate.output.contains("\"transmitted\":40000"))
    }
}
