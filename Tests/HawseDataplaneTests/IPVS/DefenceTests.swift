import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct DefenceTests {
    private let key = VirtualService.Key.address(ipProtocol: .tcp, address: DirectorRig.virtual, port: 80)

    private func rig(_ sysctls: [String: String]) throws -> DirectorRig {
        let rig = try DirectorRig(sysctls)
        try rig.command(.addService(VirtualService(key: key, scheduler: .rr)))
        for n in 10...11 {
            try rig.command(.addDestination(key, Destination(address: DirectorRig.server(n), port: 8080, forwarding: .masquerade)))
        }
        return rig
    }

    private func syn(_ n: Int) -> [UInt8] {
        DirectorRig.tcp(DirectorRig.client(1 + n / 50), UInt16(2000 + n), DirectorRig.virtual, 80, 0x02)
    }

    /// With mode 3 the first new packet is dropped and then every `am_droprate`-th; established ones are not touched.
    @Test(arguments: [1, 3, 10])
    func everySoManyNewPacketsAreDropped(_ rate: Int) throws {
        let rig = try rig(["net.ipv4.vs.drop_packet": "3", "net.ipv4.vs.am_droprate": "\(rate)"])
        let isServed = (0..<30).map { !rig.send(syn($0)).isEmpty }
        #expect(isServed == (0..<30).map { $0 % rate != 0 })
        if let first = isServed.firstIndex(of: true) {
            for _ in 0..<20 {
                let ack = DirectorRig.tcp(DirectorRig.client(1), UInt16(2000 + first), DirectorRig.virtual, 80, 0x10)
                #expect(rig.send(ack).count == 1)
            }
        }
    }

    @Test func aRateOfZeroDropsNothing() throws {
        let rig = try rig(["net.ipv4.vs.drop_packet": "3", "net.ipv4.vs.am_droprate": "0"])
        for n in 0..<20 { #expect(rig.send(syn(n)).count == 1) }
    }

    /// Modes 1 and 2: `amemthresh` over what is missing of it.
    @Test(arguments: ["1", "2"])
    func shortMemoryDropsByWhatIsMissing(_ mode: String) throws {
        let rig = try rig(["net.ipv4.vs.drop_packet": mode, "net.ipv4.vs.amemthresh": "3000"])
        #expect((0..<10).allSatisfy { rig.send(syn($0)).count == 1 })
        rig.dataplane.ipvs.setAvailableMemory(pages: 2000)
        let isServed = (10..<22).map { !rig.send(syn($0)).isEmpty }
        #expect(isServed == (0..<12).map { $0 % 3 != 2 })
        rig.dataplane.ipvs.setAvailableMemory(pages: 3000)
        #expect((30..<40).allSatisfy { rig.send(syn($0)).count == 1 })
    }

    @Test(arguments: [("0", 10, "SYN_RECV"), ("3", 1 << 20, "SYNACK"), ("1", 10, "SYNACK"), ("2", 1 << 20, "SYN_RECV")])
    func strictStates(_ mode: String, _ pages: Int, _ state: String) throws {
        let rig = try rig(["net.ipv4.vs.secure_tcp": mode])
        rig.dataplane.ipvs.setAvailableMemory(pages: pages)
        _ = rig.send(syn(0))
        let server = rig.dataplane.ipvsListing().connections[0].destination
        _ = rig.send(DirectorRig.tcp(server, 8080, DirectorRig.client(1), 2000, 0x12), on: "eth1")
        #expect(rig.dataplane.ipvsListing().connections.map(\.state) == [state])
    }

    /// A thirty-second of the table is looked at every second: half-open connections go before their time.
    @Test func halfOpenConnectionsAreSacrificed() throws {
        let calm = try rig([:])
        let flooded = try rig(["net.ipv4.vs.drop_entry": "3"])
        for rig in [calm, flooded] {
            for n in 0..<400 { _ = rig.send(syn(n)) }
            rig.wait(30)
        }
        #expect(calm.dataplane.ipvs.connectionCount == 400)
        // (31/32)^30 of 400 are about 154.
        #expect((90...230).contains(flooded.dataplane.ipvs.connectionCount))
    }

    @Test func onlyABackupLeavesTrafficAlone() throws {
        let rig = try rig(["net.ipv4.vs.backup_only": "1"])
        #expect(rig.send(syn(0)).first?.device == "eth1")
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .backup, interface: "eth1")))
        #expect(rig.send(syn(1)).first?.device != "eth1")
        try rig.command(.stopDaemon(.backup))
        #expect(rig.send(syn(2)).first?.device == "eth1")
    }

    /// Values that the kernel refuses leave what was.
    @Test func refusedSettings() {
        let settings = IPVSSettings(
            Sysctls([
                "net.ipv4.vs.drop_entry": "4", "net.ipv4.vs.drop_packet": "-1", "net.ipv4.vs.secure_tcp": "9",
                "net.ipv4.vs.sync_threshold": "5 5", "net.ipv4.vs.sync_ports": "3",
            ]))
        #expect(settings.dropEntry == 0 && settings.dropPacket == 0 && settings.secureTCP == 0)
        #expect(settings.syncThreshold == 3 && settings.syncPeriod == 50 && settings.syncPorts == 1)
        let taken = IPVSSettings(Sysctls(["net.ipv4.vs.sync_threshold": "5 0", "net.ipv4.vs.sync_ports": "128"]))
        #expect(taken.syncThreshold == 5 && taken.syncPeriod == 0 && taken.syncPorts == 64)
    }
}
