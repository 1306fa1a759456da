import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

struct SyncTurnTests {
    private let key = VirtualService.Key.address(ipProtocol: .udp, address: DirectorRig.virtual, port: 53)

    private func master(_ sysctls: [String: String]) throws -> DirectorRig {
        var settings = sysctls
        settings["net.ipv4.vs.sync_threshold"] = sysctls["net.ipv4.vs.sync_threshold"] ?? "0 1"
        let rig = try DirectorRig(settings)
        try rig.command(.addService(VirtualService(key: key, scheduler: .rr)))
        try rig.command(.addDestination(key, Destination(address: DirectorRig.server(10), port: 53, forwarding: .masquerade)))
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .master, interface: "eth1", syncID: 9)))
        return rig
    }

    /// Client `n` sends a datagram; how many times connections have been told of is what is looked at afterwards.
    private func ask(_ rig: DirectorRig, _ n: Int = 1) -> [DirectorRig.Output] {
        rig.send(DirectorRig.udp(DirectorRig.client(n), 4000, DirectorRig.virtual, 53))
    }

    private func entries(_ rig: DirectorRig, after packets: Int, every seconds: Int64 = 0) throws -> Int {
        var count = 0
        func take(_ outputs: [DirectorRig.Output]) throws {
            for output in outputs where output.destination == IPAddress(ipv4: 0xe000_0051) {
                let message = Array(output.payload.dropFirst(8))
                count += try message.withUnsafeBytes { try SyncEntry.parse($0, syncID: 9) }.count
            }
        }
        for _ in 0..<packets {
            try take(ask(rig))
            if seconds > 0 { rig.wait(seconds) }
        }
        rig.wait(3)
        // Another client's packet brings out what has become due; its own is told of later.
        try take(ask(rig, 2))
        return count
    }

    @Test func everyPacketWithoutARefreshPeriod() throws {
        #expect(try entries(try master([:]), after: 5) == 5)
    }

    @Test func byPackets() throws {
        #expect(try entries(try master(["net.ipv4.vs.sync_threshold": "3 5"]), after: 20) == 4)
        // Period 0: once, when the threshold is reached.
        #expect(try entries(try master(["net.ipv4.vs.sync_threshold": "3 0"]), after: 20) == 1)
        // A threshold that is not below the period is refused by the kernel: the default (3, 50) stays.
        #expect(try entries(try master(["net.ipv4.vs.sync_threshold": "9 5"]), after: 20) == 1)
    }

    /// A refresh period of 30 s: told of again only when the end has moved by as much.
    @Test func refreshPeriodThinsOut() throws {
        let settings = ["net.ipv4.vs.sync_refresh_period": "30"]
        #expect(try entries(try master(settings), after: 10) == 1)
        #expect(try entries(try master(settings), after: 10, every: 10) == 4)
        // Retries come after an eighth of the period.
        let retried = ["net.ipv4.vs.sync_refresh_period": "40", "net.ipv4.vs.sync_retries": "1"]
        #expect(try entries(try master(retried), after: 10, every: 2) == 2)
    }

    /// A message counts its connections in one byte. Of 600 in messages of up to 60,000 bytes Linux made these, by size and count.
    @Test(arguments: [("1", [[0x5468, 88]]), ("0", [[0x1804, 0], [0x1804, 0], [0x0844, 88]])])
    func moreConnectionsThanOneByteCounts(_ version: String, _ recorded: [[Int]]) throws {
        let rig = try master(["net.ipv4.vs.sync_version": version])
        try rig.command(.stopDaemon(.master))
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .master, interface: "eth1", syncID: 9, maximumLength: 60_000)))
        var outputs: [DirectorRig.Output] = []
        for n in 0..<600 {
            outputs += rig.send(DirectorRig.udp(DirectorRig.client(1 + n / 50), UInt16(4000 + n), DirectorRig.virtual, 53))
        }
        rig.wait(3)
        outputs += ask(rig, 100)
        // The beginning of each datagram, which leaves in fragments.
        let heads = outputs.filter { $0.destination == IPAddress(ipv4: 0xe000_0051) && $0.packet[6] & 0x1f == 0 && $0.packet[7] == 0 }
        let messages = heads.map { Array($0.payload.dropFirst(8)) }
        #expect(messages.map { [Int($0[2]) << 8 | Int($0[3]), Int($0[version == "1" ? 4 : 0])] } == recorded)
    }

    @Test func portsShareTheConnections() throws {
        let rig = try master(["net.ipv4.vs.sync_ports": "4"])
        for n in 1...40 { _ = ask(rig, n) }
        rig.wait(3)
        let outputs = ask(rig, 41).filter { $0.destination == IPAddress(ipv4: 0xe000_0051) }
        let ports = outputs.map { UInt16($0.payload[2]) << 8 | UInt16($0.payload[3]) }
        #expect(Set(ports) == [8848, 8849, 8850, 8851])
        #expect(outputs.allSatisfy { $0.packet[8] == 1 && $0.device == "eth1" })
    }

    @Test func mixedFamiliesAndDaemonsExcludeEachOther() throws {
        let rig = try DirectorRig()
        try rig.command(.addService(VirtualService(key: key, scheduler: .rr)))
        let mixed = Destination(address: DirectorRig.server6(10), port: 53, forwarding: .tunnel(.ipip))
        try rig.command(.addDestination(key, mixed))
        #expect(throws: IPVSCommandError.mixedFamilies) {
            try rig.command(.startDaemon(IPVSSyncDaemon(role: .backup, interface: "eth1")))
        }
        try rig.command(.deleteDestination(key, address: mixed.address, port: 53))
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .backup, interface: "eth1")))
        #expect(throws: IPVSCommandError.mixedFamilies) { try rig.command(.addDestination(key, mixed)) }
    }

    @Test func lengthsAreThoseOfTheKernel() throws {
        let rig = try DirectorRig()
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .master, interface: "eth1")))
        try rig.command(.startDaemon(IPVSSyncDaemon(role: .backup, interface: "eth1", maximumLength: 5)))
        #expect(rig.dataplane.ipvsListing().daemons.map(\.maximumLength) == [1472, 1024])
    }
}
