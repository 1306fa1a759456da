import Foundation
import HawseFormats
import HawseHost
import HawseModel
import HawseSimulator
import HawseWire
import Testing

/// The running host, whatever it is: what every Linux network namespace has.
@Suite struct HostReadingTests {
    @Test func theLoopbackIsThere() throws {
        let spec = try HostReading(name: "here").spec
        #expect(spec.name == "here")
        let loopback = try #require(spec.interfaces.first { $0.kind == .loopback })
        #expect(loopback.name == "lo")
        #expect(loopback.mtu > 0)
        if loopback.isUp {
            #expect(loopback.addresses.contains(IPPrefix(IPAddress(ipv4: 0x7f00_0001), length: 8)))
        }
        #expect(spec.sysctls["net.ipv4.ip_forward"] != nil)
        #expect(!spec.sysctls.values.keys.contains { $0.hasSuffix("stable_secret") || $0.contains("fastopen_key") })
    }

    @Test func everythingReadBelongsToADevice() throws {
        let spec = try HostReading().spec
        let names = Set(spec.interfaces.map(\.name))
        #expect(names.count == spec.interfaces.count)
        for neighbor in spec.neighbors { #expect(names.contains(neighbor.device)) }
        for entry in spec.forwarding { #expect(names.contains(entry.device)) }
        for hop in spec.routes.flatMap(\.nextHops) { if let device = hop.device { #expect(names.contains(device)) } }
    }

    @Test func whatIsReadIsPrintedAndReadAgain() throws {
        let directory = NSTemporaryDirectory() + "hawse-host-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let spec = try HostReading(name: "here").spec
        try Data(CaseText.text(spec).utf8).write(to: URL(fileURLWithPath: directory + "/case.json"))
        var notes: [String] = []
        #expect(try NodeDirectory.load(directory, notes: &notes) == spec)
        #expect(notes.isEmpty)
    }
}
