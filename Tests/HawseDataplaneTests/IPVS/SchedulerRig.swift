import HawseModel
import HawseWire

@testable import HawseDataplane

/// One virtual service with its scheduler, asked without packets.
struct SchedulerRig {
    let dataplane: Dataplane
    let key: VirtualService.Key
    private var nextClient: UInt32 = 0

    init(_ scheduler: VirtualService.Scheduler, _ flags: VirtualService.Flags = [], family: AddressFamily = .ipv4) throws {
        dataplane = try Dataplane(NodeSpec(), seed: 7)
        dataplane.advance(to: Instant(seconds: 1_700_000_000))
        let address = family == .ipv4 ? IPAddress(ipv4: 0x0a60_0001) : IPAddress(ipv6High: 0xfd00 << 48, low: 1)
        key = .address(ipProtocol: .tcp, address: address, port: 80)
        try dataplane.ipvs.apply(.addService(VirtualService(key: key, scheduler: scheduler, flags: flags)))
    }

    static func server(_ n: Int, weight: Int32 = 1, port: UInt16 = 8080, upper: UInt32 = 0) -> Destination {
        Destination(
            address: IPAddress(ipv4: 0x0a01_0000 + UInt32(n)), port: port, forwarding: .masquerade, weight: weight,
            upperThreshold: upper)
    }

    func add(_ destination: Destination) throws { try dataplane.ipvs.apply(.addDestination(key, destination)) }
    func edit(_ destination: Destination) throws { try dataplane.ipvs.apply(.editDestination(key, destination)) }
    func remove(_ destination: Destination) throws {
        try dataplane.ipvs.apply(
            .deleteDestination(key, address: destination.address, port: destination.port))
    }

    var service: VirtualServerRef {
        let ipvs = dataplane.node.pointee.ipvs
        return ipvs.services[ipvs.services.find(key)]
    }

    /// The scheduler's choice for a client; `nil`: none.
    func choose(client: UInt32 = 0x0102_0304, port: UInt16 = 1000, destination: UInt32 = 0x0a60_0001) -> IPAddress? {
        let request = SchedulingRequest(
            client: AddressBits(ipv4: client), clientPort: port, destination: AddressBits(ipv4: destination),
            version: 4, jiffy: dataplane.node.pointee.ipvs.jiffy)
        let number = service.pointee.scheduler.choose(service, request, &dataplane.node.pointee.ipvs)
        guard number >= 0 else { return nil }
        return IPAddress(family: .ipv4, bits: dataplane.node.pointee.ipvs.servers[number].pointee.address)
    }

    /// Counts connections to a server, as if packets had made them.
    func load(_ address: IPAddress, active: Int32, inactive: Int32) {
        let s = service
        for i in 0..<s.pointee.count {
            let load = s.pointee.load(i)
            let server = dataplane.node.pointee.ipvs.servers[load.pointee.server]
            if server.pointee.address == address.bits {
                load.pointee.active = active
                load.pointee.inactive = inactive
            }
        }
    }

    /// The table of dh, sh or mh as addresses; `nil` for an empty slot.
    var table: [UInt32?] {
        guard let table = service.pointee.table else { return [] }
        return (0..<service.pointee.tableSize).map {
            table[$0] < 0 ? nil : dataplane.node.pointee.ipvs.servers[table[$0]].pointee.address.ipv4
        }
    }
}
