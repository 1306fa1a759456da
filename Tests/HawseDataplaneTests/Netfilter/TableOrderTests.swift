import HawseFormats
import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

@Suite struct TableOrderTests {
    /// SNAT at INPUT comes behind the security table, or before it: its rule sees the old source or the new one.
    @Test(arguments: [(Dataplane.TableOrder.legacy, "192.0.2.20"), (.nft, "192.0.2.99")])
    func natAndSecurityAtInput(order: Dataplane.TableOrder, seen: String) throws {
        let text = """
            *nat
            :PREROUTING ACCEPT [0:0]
            :INPUT ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            -A INPUT -p udp -j SNAT --to-source 192.0.2.99
            COMMIT
            *security
            :INPUT ACCEPT [0:0]
            :FORWARD ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            -A INPUT -s 192.0.2.20/32
            -A INPUT -s 192.0.2.99/32
            COMMIT

            """
        var node = try StackNode { $0.iptables = try? IPTablesParser(family: .ipv4).parse(text) }
        node.dataplane.tableOrder = order
        let datagram: [UInt8] = [0x4e, 0x20, 0, 53, 0, 8, 0, 0]
        var packet: [UInt8] = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 20, 192, 0, 2, 1]
        packet.withUnsafeMutableBytes { bytes in
            if let base = bytes.baseAddress { IPv4Header(base).storeChecksum() }
        }
        let frame = [2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0x0b, 0x14, 8, 0] + packet + datagram
        _ = try node.receive(frame, on: "eth0")
        let rules = try #require(node.dataplane.ruleSet(.ipv4)[.security]?.chains.first { $0.name == "INPUT" }?.rules)
        let hit = rules.filter { $0.counters.packets == 1 }.compactMap { $0.source.map { "\($0.address)" } }
        #expect(hit == [seen])
    }

    /// Without a listener a queued packet is lost unless it may go by; the embedding program decides where there is one.
    @Test func queueListenerDecides() throws {
        let text = """
            *filter
            :INPUT ACCEPT [0:0]
            :FORWARD ACCEPT [0:0]
            :OUTPUT ACCEPT [0:0]
            -A FORWARD -p udp -m udp --dport 53 -j NFQUEUE --queue-num 7
            -A FORWARD -p udp -m udp --dport 54 -j NFQUEUE --queue-num 8 --queue-bypass
            COMMIT

            """
        var node = try StackNode { $0.iptables = try? IPTablesParser(family: .ipv4).parse(text) }
        func frame(_ port: UInt8) -> [UInt8] {
            var packet: [UInt8] = [0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 20, 10, 1, 0, 10]
            packet.withUnsafeMutableBytes { bytes in
                if let base = bytes.baseAddress { IPv4Header(base).storeChecksum() }
            }
            return [2, 0, 0, 0, 1, 1, 2, 0, 0, 0, 0x0b, 0x14, 8, 0] + packet + [0x4e, 0x20, 0, port, 0, 8, 0, 0]
        }
        #expect(try node.receive(frame(53), on: "eth0").isEmpty)
        #expect(try node.receive(frame(54), on: "eth0").count == 1)
        var asked: [UInt16] = []
        node.dataplane.queueListener = { queue, packet in
            asked.append(queue)
            return packet.count == 28 && queue == 7 ? .accept : .drop
        }
        #expect(try node.receive(frame(53), on: "eth0").count == 1)
        #expect(try node.receive(frame(54), on: "eth0").isEmpty)
        #expect(asked == [7, 8])
    }
}
