import FuzzBodies
import Foundation
import Hawse
import Testing

/// Each fuzz target with the seeds that it starts from, as they are and damaged: a crash ends the run.
@Suite struct FuzzBodiesTests {
    static let pcaps =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path + "/pcaps"

    /// Files below a folder of pcaps/ that fit, in order.
    static func files(_ folder: String, where fits: (String) -> Bool) -> [[UInt8]] {
        let names = FileManager.default.enumerator(atPath: pcaps + "/" + folder)?.compactMap { $0 as? String } ?? []
        return names.filter(fits).sorted().compactMap { FileManager.default.contents(atPath: "\(pcaps)/\(folder)/\($0)") }
            .filter { $0.count <= 16384 }.map { Array($0) }
    }

    static func seeds(_ entry: FuzzEntry) -> [[UInt8]] {
        switch entry {
        case .rules: files("cases/generated") { $0.hasSuffix("iptables.v4") || $0.hasSuffix("iptables.v6") }
        case .sets: files("cases") { $0.hasSuffix("/ipset") }
        case .servers: files("cases/ipvs-kube") { $0.hasSuffix("/ipvs") }
        case .connections: files("cases/nat") { $0.hasSuffix("expect/conntrack") }
        case .walk:
            files("cases") {
                ($0.hasPrefix("generated") || $0.hasPrefix("conntrack") || $0.hasPrefix("flannel")) && $0.contains("/in/")
            }
        case .captures: files("malformed") { _ in true } + files("formats") { _ in true }
        case .requests: files("demo/migration") { _ in true }
        case .commands:
            files("cases/generated") { $0.hasSuffix("iptables.v4") }.flatMap { $0.split(separator: 10) }.prefix(300)
                .map { Array("iptables -t mangle ".utf8) + $0 }
        }
    }

    @Test(arguments: FuzzEntry.allCases)
    func seedsAndDamagedSeeds(_ entry: FuzzEntry) {
        let seeds = Self.seeds(entry)
        #expect(!seeds.isEmpty)
        var chance = RandomStream(seed: 1, purpose: "damaged-seeds")
        for seed in seeds {
            seed.withUnsafeBytes { entry.run($0) }
            guard !seed.isEmpty else { continue }
            var damaged = seed
            for _ in 0..<4 where damaged.count > 1 {
                let place = Int(chance.below(UInt32(damaged.count)))
                switch chance.below(4) {
                case 0: damaged[place] = UInt8(truncatingIfNeeded: chance.next())
                case 1: damaged.remove(at: place)
                case 2: damaged.insert(damaged[place], at: place)
                default: damaged.removeLast(min(damaged.count - 1, Int(chance.below(40))))
                }
                damaged.withUnsafeBytes { entry.run($0) }
            }
        }
    }
}
