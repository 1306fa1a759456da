import HawseModel
import HawseWire
import Testing

@testable import HawseDataplane

/// What Linux 6.12 left of connections of all kinds while `drop_entry` was 1 or 2 and memory short, after so many seconds.
struct DefenceRecordingTests {
    /// By the third byte of the client's address; the second letter parts templates from connections.
    private enum Kind: Int, CaseIterable {
        case halfOpen, established, closing, once, fourTimes, nineTimes, persistentHalfOpen, persistentEstablished, persistentOnce

        var count: Int { rawValue < 6 ? 400 : 250 }
        func client(_ n: Int) -> IPAddress { IPAddress(ipv4: 0xc633_0000 + UInt32(100 + rawValue) << 8 + UInt32(1 + n % 250)) }
    }

    private func rig(_ mode: String) throws -> DirectorRig {
        let rig = try DirectorRig(["net.ipv4.vs.drop_entry": mode, "net.ipv4.vs.amemthresh": "3000"])
        for (number, port, isPersistent) in [(IPProtocol.tcp, 80, false), (.udp, 53, false), (.tcp, 443, true), (.udp, 5060, true)] {
            let key = VirtualService.Key.address(ipProtocol: number, address: DirectorRig.virtual, port: UInt16(port))
            let service = VirtualService(
                key: key, scheduler: .rr, flags: isPersistent ? .persistent : [], persistenceTimeout: isPersistent ? 300 : 0)
            try rig.command(.addService(service))
            try rig.command(
                .addDestination(key, Destination(address: DirectorRig.server(10), port: UInt16(port), forwarding: .masquerade)))
        }
        for n in 0..<400 {
            for kind in Kind.allCases where n < kind.count { speak(kind, n, rig) }
        }
        return rig
    }

    private func speak(_ kind: Kind, _ n: Int, _ rig: DirectorRig) {
        let (client, port) = (kind.client(n), UInt16(20_000 + n))
        let virtual = DirectorRig.virtual
        func tcp(_ flags: UInt8, _ service: UInt16) { rig.send(DirectorRig.tcp(client, port, virtual, service, flags)) }
        func open(_ service: UInt16) {
            tcp(0x02, service)
            rig.send(DirectorRig.tcp(DirectorRig.server(10), service, client, port, 0x12), on: "eth1")
            tcp(0x10, service)
        }
        func datagrams(_ count: Int, _ service: UInt16) {
            for _ in 0..<count { rig.send(DirectorRig.udp(client, port, virtual, service)) }
        }
        switch kind {
        case .halfOpen: tcp(0x02, 80)
        case .established: open(80)
        case .closing:
            open(80)
            tcp(0x11, 80)
        case .once: datagrams(1, 53)
        case .fourTimes: datagrams(4, 53)
        case .nineTimes: datagrams(9, 53)
        case .persistentHalfOpen: tcp(0x02, 443)
        case .persistentEstablished: open(443)
        case .persistentOnce: datagrams(1, 5060)
        }
    }

    /// Connections, or templates, of a kind that are left.
    private func left(_ rig: DirectorRig, _ kind: Kind, templates: Bool = false) -> Int {
        let network = UInt32(0xc633_0000 + UInt32(100 + kind.rawValue) << 8)
        return rig.dataplane.ipvsListing().connections.count { ($0.client.bits.ipv4 & 0xffff_ff00) == network && ($0.clientPort == 0) == templates }
    }

    /// Two draws of the same chance differ by this much at most, almost always.
    private func isLike(_ recorded: Int, _ got: Int, of count: Int) -> Bool {
        let share = max(0.02, min(0.98, Double(recorded) / Double(count)))
        return abs(Double(recorded - got)) < 5 * (2 * Double(count) * share * (1 - share)).squareRoot()
    }

    @Test(arguments: ["1", "2"])
    func shortOfMemory(_ mode: String) throws {
        let rig = try rig(mode)
        #expect(Kind.allCases.allSatisfy { left(rig, $0) == $0.count })
        rig.dataplane.ipvs.setAvailableMemory(pages: 10)
        var seconds: Int64 = 0
        for (time, halfOpen, persistent) in [(10, 304, 185), (20, 212, 141), (40, 124, 83)] as [(Int64, Int, Int)] {
            rig.wait(time - seconds)
            seconds = time
            #expect(isLike(halfOpen, left(rig, .halfOpen), of: 400))
            // A template that nobody needs goes with its connection.
            #expect(isLike(persistent, left(rig, .persistentHalfOpen), of: 250))
            #expect(left(rig, .persistentHalfOpen) == left(rig, .persistentHalfOpen, templates: true))
            // What is not a minute old, or on its way out, stays.
            for kind in [Kind.established, .closing, .once, .fourTimes, .nineTimes, .persistentEstablished, .persistentOnce] {
                #expect(left(rig, kind) == kind.count)
            }
        }
        let later: [(Int64, Kind, Int)] = [
            (70, .established, 316), (70, .once, 242), (70, .fourTimes, 362), (70, .persistentEstablished, 220), (70, .persistentOnce, 174),
            (100, .established, 198), (100, .once, 94), (100, .fourTimes, 288), (100, .persistentEstablished, 144),
            (100, .persistentOnce, 70),
        ]
        for (time, kind, recorded) in later {
            rig.wait(time - seconds)
            seconds = time
            #expect(isLike(recorded, left(rig, kind), of: kind.count), "\(kind) after \(time) s: \(left(rig, kind)), \(recorded) in Linux")
        }
        // More than eight packets, and templates that have proved useful, are never given up.
        #expect(left(rig, .nineTimes) == 400 && left(rig, .persistentEstablished, templates: true) == 250)
        #expect(left(rig, .persistentOnce, templates: true) == left(rig, .persistentOnce))
    }

    @Test(arguments: ["1", "2"])
    func withEnoughMemory(_ mode: String) throws {
        let rig = try rig(mode)
        rig.wait(20)
        #expect(Kind.allCases.allSatisfy { left(rig, $0) == $0.count })
    }
}
