import Foundation
import HawseModel
import HawseWire
import Testing

@testable import HawseSimulator

struct SchedulerStudyTests {
    private func destination(_ n: Int, _ weight: Int32 = 1) -> Destination {
        Destination(
            address: IPAddress(ipv4: 0x0a01_0000 + UInt32(n)), port: 8080, forwarding: .masquerade, weight: weight)
    }

    private let key = VirtualService.Key.address(ipProtocol: .tcp, address: IPAddress(ipv4: 0x0a60_0001), port: 80)

    private func study(_ contenders: [SchedulerStudy.Contender], changes: [SchedulerStudy.Change] = []) -> SchedulerStudy {
        var generator = StudyLoad.Generator()
        generator.clients = 60
        generator.rate = 40
        generator.seconds = 20
        generator.meanDuration = 2
        return SchedulerStudy(
            service: VirtualService(
                key: key, destinations: [destination(1, 1), destination(2, 2), destination(3, 3)]),
            contenders: contenders, load: StudyLoad(generator), changes: changes)
    }

    @Test func everyConnectionIsServedAndSharesFollowWeights() throws {
        let result = try study([.init(.wrr), .init(.rr), .init(.mh)]).run()
        for contender in result.contenders {
            #expect(contender.servers.reduce(0) { $0 + $1.connections } == result.flowCount)
            #expect(contender.refused == 0 && contender.dropped == 0)
        }
        let wrr = result.contenders[0].servers.map(\.connections)
        #expect(abs(wrr[2] - 3 * wrr[0]) <= 3 && abs(wrr[1] - 2 * wrr[0]) <= 2)
        let rr = result.contenders[1].servers.map(\.connections)
        #expect((rr.max() ?? 0) - (rr.min() ?? 0) <= 1)
        let shares = result.contenders[2].servers.map { $0.tableShare ?? 0 }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        #expect(abs(shares[2] - 0.5) < 0.01)
    }

    @Test func hashingKeepsClientsAndRemovalDropsOnlyTheServersOwn() throws {
        let change = SchedulerStudy.Change(
            time: 10_000_000_000,
            command: .deleteDestination(key, address: destination(3).address, port: 8080), label: "remove 10.1.0.3")
        let result = try study([.init(.mh), .init(.sh)], changes: [change]).run()
        for contender in result.contenders {
            let entry = try #require(contender.changes.first)
            #expect(entry.openFlows > 20)
            // Half of the weight went: their flows are swallowed, their clients come to others.
            #expect(entry.droppedFlows > 0 && entry.droppedFlows < entry.openFlows)
            #expect(entry.movedClients > 0 && entry.movedClients < entry.returningClients)
            #expect(entry.slots == (contender.label == "mh" ? 4093 : 256))
        }
        // Maglev moves little besides what the removed server had; sh deals the table anew.
        let moved = result.contenders.map { Double($0.changes[0].movedSlots ?? 0) / Double($0.changes[0].slots ?? 1) }
        #expect(moved[0] < moved[1])
    }

    @Test func drainedServersOfMaglevRefuseTheirClients() throws {
        let change = SchedulerStudy.Change(
            time: 10_000_000_000, command: .editDestination(key, destination(3, 0)), label: "drain 10.1.0.3")
        let result = try study([.init(.mh), .init(.mh, flags: .schedule1, label: "mh fallback"), .init(.wlc)], changes: [change]).run()
        #expect(result.contenders[0].changes[0].refused > 20)
        #expect(result.contenders[1].changes[0].refused == 0)
        #expect(result.contenders[2].changes[0].refused == 0)
        for contender in result.contenders { #expect(contender.changes[0].droppedFlows == 0) }
    }

    @Test func sameSeedSameBytes() throws {
        let one = try study([.init(.twos), .init(.lc)]).run()
        let two = try study([.init(.twos), .init(.lc)]).run()
        #expect(one.ndjson == two.ndjson)
        #expect(one.svg == two.svg)
        for line in one.ndjson.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["kind"] is String)
        }
        #expect(one.table.contains("imbalance"))
    }
}
