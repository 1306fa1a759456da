import HawseHost
import HawseModel
import HawseWire
import Testing

/// The running host, whatever it is: what every Linux network namespace with its loopback up has.
@Suite struct HostReadingTests {
    @Test func theLoopbackIsThere() throws {
        let spec = try HostReading.nodeSpec(name: "here")
        #expect(spec.name == "here")
        let loopback = try #require(spec.interfaces.first { $0.kind == .loopback })
        #expect(loopback.name == "lo")
        #expect(loopback.mtu > 0)
        if loopback.isUp {
            #expect(loopback.addresses.contains(IPPrefix(IPAddress(ipv4: 0x7f00_0001), length: 8)))
        }
    }

    @Test func everythingReadBelongsToADevice() throws {
        let spec = try HostReading.nodeSpec()
        let names = Set(spec.interfaces.map(\.name))
        #expect(names.count == spec.interfaces.count)
        for neighbor in spec.neighbors { #expect(names.contains(neighbor.device)) }
        for hop in spec.routes.flatMap(\.nextHops) { if let device = hop.device { #expect(names.contains(device)) } }
    }
}
