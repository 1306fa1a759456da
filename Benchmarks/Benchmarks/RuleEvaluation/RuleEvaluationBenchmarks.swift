import Benchmark
import BenchmarkSupport
import Hawse

/// A packet against many rules of one chain: lines of a filter, looked up by hash or one by one.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.cpuUser, .throughput], maxDuration: .seconds(5), maxIterations: 20)
    for count in [10, 1000, 10_000] {
        for classified in [true, false] {
            Benchmark("\(count) rules, last one hit, \(classified ? "classified" : "one by one") (1000 packets a round)") { benchmark, node in
                let frame = Flow.segment(
                    to: [2, 0, 0, 0, 1, 1], from: 0xc612_0001, 4000, to: 0x0a01_0002, 80, flags: Flow.ack, sequence: 1, acknowledgement: 1)
                var now = Instant(seconds: 1000)
                benchmark.startMeasurement()
                frame.withUnsafeBytes { bytes in
                    for _ in 0..<1000 {
                        now = now + 100
                        node.receive(bytes, on: 2, at: now)
                    }
                }
                benchmark.stopMeasurement()
            } setup: {
                var spec = KubeNode(services: 1).spec
                var table = Table.builtin(.filter)
                let forward = table.chains.firstIndex { $0.name == "FORWARD" } ?? 0
                for number in 0..<count {
                    let address = IPAddress(ipv4: number == count - 1 ? 0x0a01_0002 : 0x0b00_0000 + UInt32(number))
                    table.chains[forward].rules.append(
                        Rule(destination: AddressMatch(IPPrefix(address, length: 32)), ipProtocol: ProtocolMatch(.tcp), target: .accept))
                }
                spec.iptables = RuleSet(family: .ipv4, tables: [table])
                let node = try Dataplane(spec, seed: 1)
                node.usesClassifiers = classified
                node.usesFlowCache = false
                node.keepsOutputs = false
                return node
            }
        }
    }
}
