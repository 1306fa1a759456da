import Foundation
import Testing

/// Virtual servers, changes and packets by chance, in the running kernel and here: every frame that leaves, every counter,
/// every connection and what ipvsadm lists must be equal.
///
/// Each run draws fresh seeds and prints them. The settings are those of `LiveNetfilterTests`; `HAWSE_LIVE_RECORD` keeps the
/// cases without playing them, which `hawse verify` does elsewhere.
@Suite(.serialized, .enabled(if: LiveObstacle.ipvs == nil, "live IPVS: \(LiveObstacle.ipvs ?? "")"))
struct LiveIPVSTests {
    private static func setting(_ name: String) -> String? { ProcessInfo.processInfo.environment["HAWSE_LIVE_" + name] }

    @Test func kernelAndSimulatorAgree() throws {
        let first = Self.setting("SEED").flatMap { UInt64($0) }
        let most = Self.setting("RULESETS").flatMap { Int($0) } ?? (first == nil ? Int.max : 1)
        let deadline = Date().addingTimeInterval(Self.setting("SECONDS").flatMap { Double($0) } ?? 20)
        let base = first ?? UInt64.random(in: 0...0xffff_ffff) << 16
        let folder = Self.setting("KEEP") ?? NSTemporaryDirectory() + "hawse-live-ipvs-\(getpid())"
        defer { if Self.setting("KEEP") == nil { try? FileManager.default.removeItem(atPath: folder) } }
        let isJudged = Self.setting("RECORD") == nil
        var (count, packets, changes) = (0, 0, 0)
        var differences: [String] = []
        var drawn: [UInt64] = []
        var late: [UInt64] = []
        try LiveNamespace.onOneProcessor {
            while count < most, count == 0 || Date() < deadline {
                let seed = base &+ UInt64(count)
                count += 1
                do {
                    var run = try DirectorRun(seed: seed)
                    try run.play(packets: 80)
                    packets += run.packets
                    changes += run.changes
                    let directory = folder + "/live-\(seed)"
                    if let difference = try run.difference(keepingIn: directory, isJudged: isJudged) {
                        if try run.isOnlyDrawn(keepingIn: directory) {
                            drawn.append(seed)
                        } else if try run.isOnlyTimers(difference, keepingIn: directory) {
                            late.append(seed)
                        } else {
                            differences.append("HAWSE_LIVE_SEED=\(seed): \(difference)")
                        }
                    } else if isJudged, Self.setting("KEEP_ALL") == nil {
                        try FileManager.default.removeItem(atPath: directory)
                    }
                } catch {
                    Issue.record("HAWSE_LIVE_SEED=\(seed): \(error)")
                }
            }
        }
        print(
            "live IPVS: seeds \(base) to \(base &+ UInt64(count - 1)): \(count) directors, \(changes) changes, \(packets) packets; "
                + "equal but for drawn ports: \(drawn), for timers about to fire: \(late)")
        for difference in differences { print("live IPVS: \(difference)") }
        if first != nil || Self.setting("STRICT") != nil {
            #expect(differences.isEmpty, "\(differences.count) of \(count) directors differ")
        } else {
            // What is not understood is rare; more is a fault that has come in.
            #expect(differences.count * 4 <= count + 3, "\(differences.count) of \(count) directors differ")
            withKnownIssue("some kinds of difference are not understood yet", isIntermittent: true) {
                #expect(differences.isEmpty, "\(differences.count) of \(count) directors differ: \(differences)")
            }
        }
        #expect(packets >= 80)
    }
}
