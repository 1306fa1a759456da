import BenchmarkSupport
import Foundation
import Hawse

/// What Benchmarks/peers gives to other programs. Services have one endpoint, and clients are pods, whose ports nobody draws:
/// everybody translates alike, and the servers' answers fit.
extension Figures {
    /// 1,000 Services, and established flows to them.
    static func export(to directory: String) throws {
        let kube = KubeNode(services: 1000, endpoints: 1)
        let load = try EstablishedLoad(kube, flows: 10_000, clients: Flow.pods, replies: false, keepsOpening: true)
        let packets = try NodeFiles.write(load, kube, rounds: 100, to: directory)
        try NodeFiles.writeSteps(load, to: directory)
        try exportTables(kube.services, to: directory)
        print(packets)
    }

    /// So many Services, and 50,000 first packets (`first.pcap`).
    static func exportFirst(to directory: String, services: Int) throws {
        let kube = KubeNode(services: services, endpoints: 1)
        try NodeFiles.write(kube, to: directory)
        try exportTables(services, to: directory)
        let load = try FirstPacketLoad(kube, clients: Flow.pods)
        try NodeFiles.write(load.traffic(50_000), to: directory + "/first.pcap")
    }

    /// The same Services in kube-proxy's nftables mode, as `nft -f` takes it.
    private static func exportTables(_ services: Int, to directory: String) throws {
        let tables = KubeNode(services: services, endpoints: 1, mode: .nftables).proxy.state().nft ?? ""
        try Data(tables.utf8).write(to: URL(fileURLWithPath: directory + "/nft"))
    }
}
