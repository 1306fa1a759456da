import Foundation
import HawseFormats
import HawseModel
import HawseWire
import Testing

/// Against what ipvsadm 1.31 itself printed for the commands in `ipvsadm/commands`, and said of the lines in
/// `ipvsadm/refusals`.
@Suite struct IPVSAdmTests {
    private func text(_ name: String) throws -> String {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("ipvsadm")
        return String(decoding: try Data(contentsOf: folder.appendingPathComponent(name)), as: UTF8.self)
    }

    private func spec() throws -> IPVSSpec { try IPVSAdmParser(file: "commands").parse(try text("commands")) }

    private func listing() throws -> IPVSListing {
        IPVSListing(
            services: try spec().services.map { service in
                var own = service
                own.destinations = []
                return IPVSListing.Service(
                    service: own, destinations: service.destinations.reversed().map { IPVSListing.Server(destination: $0) })
            })
    }

    @Test(arguments: [
        ("ln", IPVSListingPrinter.Format.plain), ("tun", .tunnels), ("thr", .thresholds),
        ("per", .persistentConnections), ("stats", .stats),
    ])
    func listingsAreThoseOfIPVSAdm(_ name: String, _ format: IPVSListingPrinter.Format) throws {
        #expect(firstDifference(try text(name), IPVSListingPrinter(format).text(try listing())) == nil)
    }

    @Test func unsortedListing() throws {
        #expect(firstDifference(try text("nosort"), IPVSListingPrinter(sorted: false).text(try listing())) == nil)
    }

    @Test func savedCommands() throws {
        // ipvsadm saves what the kernel lists, the destination added last first, and then sorts.
        var spec = try spec()
        for i in spec.services.indices { spec.services[i].destinations.reverse() }
        #expect(firstDifference(try text("save"), IPVSAdmPrinter().saved(spec)) == nil)
    }

    @Test func linesAreRefusedWithItsReasons() throws {
        var count = 0
        for line in try text("refusals").split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let reason = parts.count > 1 ? parts[1] : ""
            let found = IPVSAdmParser().diagnose("-A -t 10.0.0.1:81 -s rr\n" + parts[0])
            #expect(found.errors.map(\.message) == (reason.isEmpty ? [] : [reason]), "\(parts[0])")
            #expect(found.errors.allSatisfy { $0.location.line == 2 })
            count += 1
        }
        #expect(count > 75)
    }

    /// Lines put together by chance, each after the commands in `ipvsadm/drawn-base`, and what the kernel's IPVS and
    /// ipvsadm made of them.
    @Test func drawnLinesAreRefusedOrTakenAsByIPVSAdm() throws {
        let base = try text("drawn-base")
        let last = base.split(separator: "\n").count + 1
        var (taken, refused) = (0, 0)
        for line in try text("drawn").split(separator: "\n") {
            let parts = line.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let reason = parts.count > 1 ? parts[1] : ""
            let errors = IPVSAdmParser().diagnose(base + parts[0]).errors
            #expect(errors.map(\.message) == (reason.isEmpty ? [] : [reason]), "\(parts[0])")
            #expect(errors.allSatisfy { $0.location.line == last })
            if reason.isEmpty { taken += 1 } else { refused += 1 }
        }
        #expect(taken >= 50 && refused >= 300)
    }

    @Test func largeNumbers() {
        var counters = IPVSListing.Counters()
        counters.connections = 99_999
        counters.incomingPackets = 99_999_999
        counters.outgoingPackets = 100_000_000
        counters.incomingBytes = 1_000_000_000
        counters.outgoingBytes = 123_456_789_123_456
        let key = VirtualService.Key.address(ipProtocol: .tcp, address: IPAddress(ipv4: 0x0a00_0001), port: 80)
        let listing = IPVSListing(services: [
            IPVSListing.Service(service: VirtualService(key: key), counters: counters, rates: counters)
        ])
        let stats = IPVSListingPrinter(.stats).text(listing).split(separator: "\n").last
        #expect(stats == "TCP  10.0.0.1:80                     99999 99999999  100000K    1000M     123T")
        let exact = IPVSListingPrinter(.stats, exact: true).text(listing).split(separator: "\n").last
        #expect(exact == "TCP  10.0.0.1:80                     99999 99999999 100000000 1000000000 123456789123456")
    }

    @Test func timeoutsAndDaemons() {
        var listing = IPVSListing()
        #expect(listing.timeoutText == "Timeout (tcp tcpfin udp): 900 120 300\n")
        listing.daemons = [
            IPVSSyncDaemon(role: .master, interface: "eth3", syncID: 3, maximumLength: 1472),
            IPVSSyncDaemon(role: .backup, interface: "eth0", maximumLength: 1472),
        ]
        #expect(
            listing.daemonText == """
                master sync daemon (mcast=eth3, syncid=3, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)
                backup sync daemon (mcast=eth0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)

                """)
    }
}
