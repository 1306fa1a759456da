import Foundation
import Hawse
import Testing

@testable import HawseSimulator

/// Golden cases whose program is order-free, dealt out to three shards: the frames, counters and connections of one.
@Suite struct ShardEquivalenceTests {
    private struct Result: Equatable {
        var frames: [[String]] = []
        var rules: [RuleSet] = []
        var connections: Set<ConnectionListing> = []
        var outcomes = OutcomeCounts()
    }

    @Test func shardsChangeNothing() throws {
        var dealt = 0
        for suite in GoldenTests.suites {
            for directory in try GoldenCase.directories([GoldenTests.root + "/pcaps/cases/" + suite]) {
                let golden = try GoldenCase(directory: directory)
                // Changes on the way are for a dataplane's owner; they have no part in dealing flows out.
                guard golden.steps.isEmpty, golden.file.events.isEmpty, OrderDependence.all(of: golden.spec).isEmpty else { continue }
                let shards = try DataplaneShards(golden.spec, count: 3, seed: 1)
                let many = try Self.play(golden, shards)
                guard shards.orderEvent == nil else { continue }
                dealt += 1
                let one = try Self.play(golden, DataplaneShards(golden.spec, count: 1, seed: 1))
                #expect(many == one, "\(golden.name)")
            }
        }
        #expect(dealt >= 40)
    }

    private static func play(_ golden: GoldenCase, _ shards: DataplaneShards) throws -> Result {
        var result = Result()
        shards.advance(to: Instant(seconds: 1_700_000_000))
        var now = Instant(seconds: 1_700_000_000)
        func take() {
            shards.takeOutputs { frame in
                let hex = frame.bytes.map { String($0, radix: 16) }.joined(separator: " ")
                result.frames.append(["\(frame.interface)", "\(frame.cause)", "\(frame.time.nanoseconds)", hex])
            }
        }
        for input in try CaseInput.load(golden) {
            now = max(now, input.time)
            input.bytes.withUnsafeBytes { bytes in
                if let name = input.interface {
                    guard let index = shards.first.interfaceIndex(name) else { return }
                    [InputFrame(bytes: bytes, interface: index, time: input.time)].withUnsafeBufferPointer { shards.receive($0) }
                } else {
                    shards.send(bytes, at: input.time)
                }
            }
            take()
        }
        shards.advance(to: now + .seconds(5))
        take()
        result.rules = [shards.ruleSet(.ipv4), shards.ruleSet(.ipv6)]
        result.connections = Set(shards.connections())
        result.outcomes = shards.outcomes
        return result
    }
}
