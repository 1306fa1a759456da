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

    /// What the kernel was made to tell ipvsadm, one number after the other: of services as it dumps them, then of their servers
    /// as they are listed.
    private static let numbers: [UInt64] = [
        99_999_999, 100_000_000, 999_999_999, 1_000_000_000, 99_999_999_999, 100_000_000_000, 99_999_999_999_999,
        100_000_000_000_000, 4_294_967_301, .max, 12, 1 << 63, 0, 123_456_789_012_345, 4_294_967_295, 7, 18_446_744_073_709,
        999_999_999_999_999, 1_234_567,
    ]

    private func numberedListing() throws -> IPVSListing {
        var next = 0
        func number() -> UInt64 {
            defer { next += 1 }
            return Self.numbers[next % Self.numbers.count]
        }
        func counters() -> IPVSListing.Counters {
            var counters = IPVSListing.Counters()
            (counters.connections, counters.incomingPackets, counters.outgoingPackets) = (number(), number(), number())
            (counters.incomingBytes, counters.outgoingBytes) = (number(), number())
            return counters
        }
        var services = try IPVSAdmParser().parse(try text("numbers-commands")).services.map { service in
            let servers = service.destinations.reversed().map { IPVSListing.Server(destination: $0) }
            var own = service
            own.destinations = []
            return IPVSListing.Service(service: own, counters: counters(), rates: counters(), destinations: servers)
        }
        // ipvsadm sorts before it asks for servers: the mark first, then TCP, UDP, IPv6.
        for service in [4, 3, 2, 1] {
            for server in services[service].destinations.indices {
                services[service].destinations[server].counters = counters()
                services[service].destinations[server].rates = counters()
            }
        }
        return IPVSListing(services: services)
    }

    @Test(arguments: [
        ("numbers-stats", IPVSListingPrinter.Format.stats, false), ("numbers-stats-exact", .stats, true),
        ("numbers-rate", .rate, false), ("numbers-rate-exact", .rate, true),
    ])
    func largeNumbersAreThoseOfIPVSAdm(_ name: String, _ format: IPVSListingPrinter.Format, _ exact: Bool) throws {
        #expect(try text(name) == IPVSListingPrinter(format, exact: exact).text(try numberedListing()))
    }

    @Test func daemonsAndTimeouts() {
        var listing = IPVSListing(timeouts: IPVSSpec.Timeouts(tcp: 1, tcpFin: 2, udp: 3))
        listing.daemons = [
            IPVSSyncDaemon(role: .master, interface: "d0", syncID: 5, maximumLength: 1400),
            IPVSSyncDaemon(
                role: .backup, interface: "d0", syncID: 6, group: IPAddress("ff05::1") ?? .unspecified(.ipv6), port: 9000, ttl: 3,
                maximumLength: 1452),
        ]
        #expect(listing.timeoutText == "Timeout (tcp tcpfin udp): 1 2 3\n")
        #expect(
            listing.daemonText == """
                master sync daemon (mcast=d0, syncid=5, maxlen=1400, group=224.0.0.81, port=8848, ttl=1)
                backup sync daemon (mcast=d0, syncid=6, maxlen=1452, group=ff05::1, port=9000, ttl=3)

                """)
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
