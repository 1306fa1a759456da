import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct DirectorTests {
    private typealias Rig = DirectorRig
    private let key = VirtualService.Key.address(ipProtocol: .udp, address: DirectorRig.virtual, port: 80)

    private func rig(_ destination: Destination, _ sysctls: [String: String] = [:]) throws -> Rig {
        let rig = try Rig(sysctls)
        try rig.command(.addService(VirtualService(key: key, scheduler: .rr)))
        try rig.command(.addDestination(key, destination))
        return rig
    }

    private func ask(_ size: Int = 10, dontFragment: Bool = false) -> [UInt8] {
        let text = String(repeating: "x", count: size)
        var packet = Rig.udp(Rig.client(1), 4000, Rig.virtual, 80, text)
        if dontFragment {
            packet[6] = 0x40
            packet[10] = 0
            packet[11] = 0
            let sum = packet.withUnsafeBytes { InternetChecksum.checksum($0.baseAddress!, count: 20) }
            packet[10] = UInt8(sum >> 8)
            packet[11] = UInt8(sum & 255)
        }
        return packet
    }

    /// A router on the way to a tunnel's end says what fits: the route that was looked up before says 1500 once more, then
    /// packets are measured against the new value.
    @Test func tunnelsLearnTheWaysMTU() throws {
        let rig = try rig(Destination(address: Rig.server(10), port: 80, forwarding: .tunnel(.ipip)))
        let outer = try #require(rig.send(ask(1300, dontFragment: true)).first)
        #expect(outer.ipProtocol == 4)
        let own = try #require(outer.source)
        let error = Rig.icmp(Rig.server(99), own, 3, 4, 1200, Array(outer.packet.prefix(60)))
        let told = try #require(rig.send(error, on: "eth1").first)
        #expect(told.device == "eth0" && told.destination == Rig.client(1))
        #expect(Array(told.payload.prefix(8)).suffix(2) == [UInt8(1480 >> 8), UInt8(1480 & 255)])
        let refused = try #require(rig.send(ask(1300, dontFragment: true)).first)
        #expect(refused.device == "eth0" && refused.payload[0] == 3 && refused.payload[1] == 4)
        #expect(Array(refused.payload.prefix(8)).suffix(2) == [UInt8(1180 >> 8), UInt8(1180 & 255)])
        #expect(rig.send(ask(1100, dontFragment: true)).first?.ipProtocol == 4)
        // Ten minutes later it is forgotten.
        rig.wait(700)
        #expect(rig.send(ask(1300, dontFragment: true)).first?.ipProtocol == 4)
    }

    @Test func countersAreZeroedAsCollected() throws {
        let rig = try rig(Destination(address: Rig.server(10), port: 80, forwarding: .masquerade))
        func packets() -> UInt64 { rig.dataplane.ipvsListing().services[0].counters.incomingPackets }
        for _ in 0..<5 { _ = rig.send(ask()) }
        // Nothing was collected yet: zeroing takes nothing away.
        try rig.command(.zero(nil))
        #expect(packets() == 5)
        rig.wait(4)
        _ = rig.send(ask())
        try rig.command(.zero(key))
        #expect(packets() == 1)
    }

    @Test func withoutEstimationNothingIsCollected() throws {
        let rig = try rig(
            Destination(address: Rig.server(10), port: 80, forwarding: .masquerade), ["net.ipv4.vs.run_estimation": "0"])
        for _ in 0..<5 { _ = rig.send(ask()) }
        rig.wait(10)
        #expect(rig.dataplane.ipvsListing().services[0].counters.incomingPackets == 0)
        rig.dataplane.ipvs.set("net.ipv4.vs.run_estimation", to: "1")
        #expect(rig.dataplane.ipvsListing().services[0].counters.incomingPackets == 5)
    }

    @Test func destinationsMustBeHosts() throws {
        let rig = try Rig()
        try rig.command(.addService(VirtualService(key: key, scheduler: .rr)))
        for bad in ["224.0.0.1", "255.255.255.255", "0.0.0.0"] {
            let address = try #require(IPAddress(bad))
            #expect(throws: IPVSCommandError.destinationAddress, "\(bad)") {
                try rig.command(.addDestination(key, Destination(address: address, port: 80, forwarding: .masquerade)))
            }
        }
    }

    /// Other addresses, in the same order, are chosen in the same order: only the hashing schedulers look at them.
    @Test(arguments: VirtualService.Scheduler.allCases.filter { ![.dh, .sh, .mh].contains($0) })
    func renamedServersAreChosenAlike(_ scheduler: VirtualService.Scheduler) throws {
        func choices(_ base: UInt32) throws -> [UInt32?] {
            let rig = try SchedulerRig(scheduler)
            var chance = RandomStream(seed: 8, purpose: "renaming")
            var live: [Destination] = []
            var chosen: [UInt32?] = []
            for step in 0..<400 {
                switch chance.below(12) {
                case 0 where live.count < 9:
                    let server = Destination(
                        address: IPAddress(ipv4: base + UInt32(step) * (base & 1 == 1 ? 3 : 1)), port: 80, forwarding: .masquerade,
                        weight: Int32(chance.below(6)))
                    try rig.add(server)
                    live.append(server)
                case 1 where live.count > 2: try rig.remove(live.remove(at: Int(chance.below(UInt32(live.count)))))
                case 2 where !live.isEmpty:
                    let n = Int(chance.below(UInt32(live.count)))
                    live[n].weight = Int32(chance.below(6))
                    try rig.edit(live[n])
                default:
                    if !live.isEmpty {
                        let n = Int(chance.below(UInt32(live.count)))
                        rig.load(live[n].address, active: Int32(chance.below(9)), inactive: Int32(chance.below(300)))
                    }
                    let address = rig.choose()?.bits.ipv4
                    chosen.append(live.firstIndex { $0.address.bits.ipv4 == address }.map(UInt32.init))
                }
            }
            return chosen
        }
        #expect(try choices(0x0a01_0000) == choices(0xac10_0001))
    }
}
