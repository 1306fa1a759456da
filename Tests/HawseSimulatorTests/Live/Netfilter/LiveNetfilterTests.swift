import Foundation
import Glibc
import Testing

/// Rule sets and packets by chance, in the running kernel and here: every frame that leaves, every counter, every
/// connection and set entry must be equal.
///
/// Each run draws fresh seeds and prints them (`LiveSeeds`).
///
/// A rule set that differs is given to the kernel again, up to three times. Where the kernel agrees with us then, or does not
/// agree with itself (numbers that it draws decide over a packet; a timer came between two packets), the seed is listed as
/// one of which the kernel varies. Every other difference is a failure with a seed given, or with `HAWSE_LIVE_STRICT`; with
/// fresh seeds more than one in fifty is, and fewer stand in the report as a known issue.
@Suite(.serialized, .enabled(if: LiveObstacle.netfilter == nil, "live netfilter: \(LiveObstacle.netfilter ?? "")"))
struct LiveNetfilterTests {
    @Test func kernelAndSimulatorAgree() throws {
        var seeds = LiveSeeds("netfilter")
        defer { seeds.cleanUp() }
        var (packets, rules, refused) = (0, 0, 0)
        var differences: [String] = []
        var varying: [UInt64] = []
        var endless: [UInt64] = []
        var refusedWhole: [UInt64] = []
        var coverage = OptionCoverage()
        try LiveNamespace.onOneProcessor {
            while let seed = seeds.next() {
                var run: LiveRun
                do {
                    run = try LiveRun(seed: seed)
                    try run.play(packets: 60)
                } catch is LiveRun.Endless {
                    endless.append(seed)
                    continue
                } catch is LiveRun.RefusedWhole {
                    refusedWhole.append(seed)
                    continue
                } catch {
                    Issue.record("HAWSE_LIVE_SEED=\(seed): \(error)")
                    continue
                }
                packets += run.packets
                rules += run.rules
                coverage.note(run.live.rules.tables)
                refused += run.refused.count
                let directory = seeds.folder + "/live-\(seed)"
                if let difference = try run.difference(keepingIn: directory) {
                    if try Self.kernelVaries(run) {
                        varying.append(seed)
                    } else {
                        differences.append("HAWSE_LIVE_SEED=\(seed): \(difference)")
                    }
                } else {
                    try seeds.forget(directory)
                }
                for line in run.wronglyTaken() { Issue.record("HAWSE_LIVE_SEED=\(seed): the kernel refuses this rule: \(line)") }
            }
        }
        print(
            "live netfilter: \(seeds.range): \(seeds.count) rule sets, \(rules) rules, \(refused) refused, \(packets) packets; "
                + "the kernel itself varies: \(varying); copies without end: \(endless); refused as a whole: \(refusedWhole)")
        print(coverage.summary)
        for difference in differences { print("live netfilter: \(difference)") }
        // Rare kinds are left (docs/Testing.md names their seeds); more than these is a fault that is new.
        seeds.judge(differences, among: "rule sets", areTooMany: differences.count * 25 > seeds.count + 24)
        // What varies is rare, but for timers on a busy machine; more is a fault that shows now and then.
        #expect(varying.count * 4 <= seeds.count + 11, "the kernel varies in \(varying.count) of \(seeds.count) rule sets: \(varying)")
        #expect(packets >= 60 || !endless.isEmpty || !refusedWhole.isEmpty)
    }

    /// Whether the kernel, given the same again, agrees with us or disagrees with itself.
    private static func kernelVaries(_ run: LiveRun) throws -> Bool {
        let folder = NSTemporaryDirectory() + "hawse-live-again-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for _ in 0..<3 {
            var other = try LiveRun(seed: run.seed)
            do {
                try other.play(packets: 60)
            } catch is LiveRun.Endless {
                return true
            }
            if try other.difference(keepingIn: folder) == nil || other.isUnlike(run) { return true }
        }
        return false
    }
}
