import Foundation
import Testing

/// Topologies and packets by chance, in the running kernel and here: every frame that leaves must be equal.
///
/// Each run draws fresh seeds and prints them (`LiveSeeds`).
@Suite(.serialized, .enabled(if: LiveObstacle.stack == nil, "live stack: \(LiveObstacle.stack ?? "")"))
struct LiveStackTests {
    @Test func kernelAndSimulatorAgree() throws {
        var seeds = LiveSeeds("stack")
        defer { seeds.cleanUp() }
        var (packets, slow) = (0, 0)
        var differences: [String] = []
        var unsteady: [UInt64] = []
        try LiveNamespace.onOneProcessor {
            while let seed = seeds.next() {
                let directory = seeds.folder + "/stack-\(seed)"
                guard let (played, difference) = try Self.play(seed, directory) else {
                    slow += 1
                    continue
                }
                packets += played
                if let difference {
                    // Redirects are told with pauses that are a few of the kernel's ticks long: what comes out otherwise at
                    // another time is no difference.
                    if let again = try Self.play(seed, directory), again.difference == nil {
                        unsteady.append(seed)
                    } else {
                        differences.append("HAWSE_LIVE_SEED=\(seed): \(difference)")
                        continue
                    }
                }
                try seeds.forget(directory)
            }
        }
        print(
            "live stack: \(seeds.range): \(seeds.count) topologies, \(packets) packets; "
                + "\(slow) took so long that the kernel's timers ran and were not compared; equal the second time: \(unsteady)")
        for difference in differences { print("live stack: \(difference)") }
        // About one in a hundred is not understood yet; more than one in 25 is a fault that has come in.
        seeds.judge(differences, among: "topologies", areTooMany: differences.count * 25 > seeds.count + 24)
        #expect(packets >= 80 || slow == seeds.count)
    }

    /// How many packets went, and what differs; `nil` when it took too long.
    private static func play(_ seed: UInt64, _ directory: String) throws -> (packets: Int, difference: String?)? {
        let draw = Draw(seed: seed)
        let node = StackNode(draw, seed: seed)
        var live = LiveCase(setup: node.setup, rules: LiveRules(tables: "", sets: ""))
        live.setup.kernel = LiveCase.release
        let kernel = try KernelNode(node.setup)
        live.setup.leaveOut(kernel.refused)
        guard let played = try live.play(StackTraffic(draw, node), packets: 80, in: kernel, limit: 8_000_000_000) else {
            return nil
        }
        // Before the kernel's timers change what it knows.
        live.states["neigh"] = try kernel.neighbours()
        live.states["fdb"] = try kernel.learnedAddresses()
        // The packet that the kernel makes up for a question from outside is hashed with what happens to lie in memory.
        let hashes = node.setup.routes.contains { $0.contains("nexthop") }
        live.states["routes"] = kernel.routes(node.questions(draw).filter { !hashes || !$0.contains("iif") })
        live.freeFragmentNumbers(of: node.own + node.targets.filter { $0.hasPrefix("2001:db8:55:") })
        return (played, try live.difference(keepingIn: directory))
    }
}
