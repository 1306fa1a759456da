import Foundation
import Hawse
import Testing

/// Every optimisation is only that: with the flow cache or the classifiers off, or with tracing on, each golden case gives
/// the same frames, counters and states.
@Suite struct EquivalenceTests {
    @Test(arguments: GoldenTests.suites)
    func optimisationsChangeNothing(_ suite: String) throws {
        for directory in try GoldenCase.directories([GoldenTests.root + "/pcaps/cases/" + suite]) {
            let usual = try GoldenCaseRun.produce(directory)
            for (name, options) in [
                ("flow cache off", GoldenCaseRun.Options(usesFlowCache: false)),
                ("classifiers off", GoldenCaseRun.Options(usesClassifiers: false)),
                ("traced", GoldenCaseRun.Options(isTraced: true)),
            ] {
                let other = try GoldenCaseRun.produce(directory, options)
                #expect(other == usual, "\(directory): \(name)")
            }
        }
    }
}

/// The same for generated traffic: what is cached, prepared in batches or walked leaves the same frames and the same node.
@Suite struct GeneratedEquivalenceTests {
    static let kinds: [GeneratedTraffic.Kind] = [
        [], [.masqueradeAll], [.unverified], [.ipv6], [.overlay], [.overlay, .bareTunnel], [.overlay, .unverified],
        [.overlay, .ipv6], [.ipvs], [.ipvs, .masqueradeAll], [.ipvs, .overlay], [.ipvs, .ipv6], [.direct],
        [.direct, .ipv6], [.direct, .watched], [.director], [.director, .watched], [.director, .ipv6], [.director, .master],
        [.director, .watched, .unverified], [.ipvs, .master], [.ipvs, .ipv6, .master],
    ]

    /// What there is to see of a node after some traffic.
    private struct Sight: Equatable {
        var frames: [String] = []
        var outcomes = OutcomeCounts()
        var rules: [RuleSet] = []
        var connections: [String] = []
        var ipvs = IPVSListing()
        var known: KnownFlowCounts?
    }

    @Test(arguments: kinds)
    func cacheChangesNothing(_ kind: GeneratedTraffic.Kind) throws {
        let traffic = try GeneratedTraffic(kind, steps: 6000, seed: 11)
        let plain = try play(traffic, usesFlowCache: false, batch: 1)
        #expect(plain.outcomes.transmitted > 3000, "\(plain.outcomes)")
        for batch in [1, 64] {
            let cached = try play(traffic, usesFlowCache: true, batch: batch)
            let first = zip(plain.frames, cached.frames).enumerated().first { $0.element.0 != $0.element.1 }
            #expect(first == nil, "frame \(first?.offset ?? 0): \(first?.element.0 ?? "") is \(first?.element.1 ?? "")")
            #expect(cached.frames.count == plain.frames.count)
            #expect(cached.outcomes == plain.outcomes)
            // Compared apart, so that a failure does not print whole rule sets.
            let sameRules = cached.rules == plain.rules
            let sameConnections = cached.connections == plain.connections
            let sameIPVS = cached.ipvs == plain.ipvs
            #expect(sameRules && sameConnections && sameIPVS)
            expectShortWay(try #require(cached.known), kind)
        }
        #expect(plain.known?.packets == 0)
    }

    /// What is compared must have gone the short way, a good part of it.
    private func expectShortWay(_ known: KnownFlowCounts, _ kind: GeneratedTraffic.Kind) {
        #expect(known.packets > 1000, "\(known)")
        let isUntracked = !kind.isDisjoint(with: [.direct, .director])
        if isUntracked || kind.contains(.ipvs) { #expect(known.virtual > 500, "\(known)") }
        #expect((known.untracked > 500) == isUntracked, "\(known)")
        if kind.contains(.overlay) { #expect(known.encapsulated > 500 && known.decapsulated > 500, "\(known)") }
    }

    private func play(_ traffic: GeneratedTraffic, usesFlowCache: Bool, batch: Int) throws -> Sight {
        let node = try Dataplane(GeneratedTraffic.spec(traffic.kind), seed: 5)
        node.usesFlowCache = usesFlowCache
        try GeneratedTraffic.start(traffic.kind, on: node)
        var sight = Sight()
        let storage = UnsafeMutablePointer<UInt8>.allocate(capacity: batch * 2048)
        defer { storage.deallocate() }
        var frames: [InputFrame] = []
        for (number, step) in traffic.steps.enumerated() {
            let interface = try #require(node.interfaceIndex(step.interface))
            let place = storage + frames.count * 2048
            place.update(from: step.bytes, count: step.bytes.count)
            frames.append(
                InputFrame(
                    bytes: UnsafeRawBufferPointer(start: place, count: step.bytes.count), interface: interface,
                    time: step.time))
            guard frames.count == batch || number == traffic.steps.count - 1 else { continue }
            if batch == 1 {
                node.receive(frames[0].bytes, on: interface, at: step.time)
            } else {
                frames.withUnsafeBufferPointer { node.receive($0) }
            }
            frames.removeAll(keepingCapacity: true)
            node.takeOutputs {
                let bytes = $0.bytes.map { String($0, radix: 16) }.joined(separator: " ")
                sight.frames.append("\($0.cause) \(node.interfaceName($0.interface)) \($0.mark) \($0.time): \(bytes)")
            }
        }
        sight.outcomes = node.outcomes
        sight.rules = [node.ruleSet(.ipv4), node.ruleSet(.ipv6)]
        sight.connections = node.connections().map { "\($0)" }.sorted()
        sight.ipvs = node.ipvsListing()
        sight.known = node.knownFlowCounts
        return sight
    }
}
