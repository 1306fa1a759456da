import Benchmark
import BenchmarkSupport
import Hawse
import SuiteSupport

/// Captures read and written in memory: 100,000 packets of 64 bytes a round.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: Benchmark.figures, maxDuration: .seconds(5), maxIterations: 20)
    let packets = 100_000
    func read(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { raw in
            var reader = try CaptureReader(memory: raw, name: "memory")
            while let record = try reader.next() { blackHole(record.bytes.count) }
        }
    }
    func capture() throws -> [UInt8] {
        var writer = try PcapWriter(to: .memory)
        let frame = [UInt8](repeating: 7, count: 60)
        try frame.withUnsafeBytes { for i in 0..<packets { try writer.write($0, timestamp: Int64(i) * 1000) } }
        try writer.close()
        return writer.takeBytes()
    }
    func blocks(comments: [String]) throws -> [UInt8] {
        var writer = try PcapngWriter(to: .memory, section: CaptureSection())
        let interface = try writer.addInterface(CaptureInterface(name: "eth0", description: ""))
        var note = PacketNote()
        note.comments = comments
        let frame = [UInt8](repeating: 7, count: 60)
        try frame.withUnsafeBytes {
            for i in 0..<packets { try writer.write($0, interface: interface, timestamp: Int64(i) * 1000, note: note) }
        }
        try writer.close()
        return writer.takeBytes()
    }
    Benchmark("read classic pcap") { (benchmark: Benchmark, bytes: [UInt8]) in
        try benchmark.timed(items: packets) { try read(bytes) }
    } setup: { try capture() }
    Benchmark("read pcapng") { (benchmark: Benchmark, bytes: [UInt8]) in
        try benchmark.timed(items: packets) { try read(bytes) }
    } setup: { try blocks(comments: []) }
    Benchmark("write pcapng") { benchmark in
        try benchmark.timed(items: packets) { blackHole(try blocks(comments: []).count) }
    }
    Benchmark("write pcapng, two comments a packet") { benchmark in
        try benchmark.timed(items: packets) {
            blackHole(try blocks(comments: ["nat PREROUTING rule 1: KUBE-SERVICES", "transmitted"]).count)
        }
    }
    Benchmark("replay: records to a node of 1000 Services to pcap records (20000 packets a round)") {
        (benchmark: Benchmark, bytes: [UInt8]) in
        let kube = KubeNode(services: 1000)
        guard let replay = try NodeReplay(kube.spec, seed: 1, entry: .automatic) else { return }
        var writer = try PcapWriter(to: .memory)
        let records = UnsafeMutableBufferPointer<CaptureRecord>.allocate(capacity: replay.batchSize)
        defer { records.deallocate() }
        try benchmark.timed(items: 20_000) {
            try bytes.withUnsafeBytes { raw in
                var reader = try CaptureReader(memory: raw, name: "memory")
                let interfaces = reader.interfaces
                while case let count = try reader.next(into: records), count > 0 {
                    replay.feed(UnsafeBufferPointer(rebasing: records[0..<count])) { _ in interfaces[0] }
                    try replay.shards.takeOutputs { try writer.write($0.bytes, timestamp: $0.time.nanoseconds) }
                }
            }
        }
        blackHole(writer.takeBytes().count)
    } setup: {
        var writer = try PcapWriter(to: .memory)
        for number in 0..<20_000 {
            let flow = Flow(number % 1000, services: 1000)
            let frame = Flow.segment(
                to: [2, 0, 0, 0, 1, 1], from: flow.client, flow.port, to: flow.service, 80, flags: number < 1000 ? Flow.syn : Flow.ack,
                sequence: 1, acknowledgement: 0, payload: 0)
            try frame.withUnsafeBytes { try writer.write($0, timestamp: Int64(number) * 1000) }
        }
        return writer.takeBytes()
    }
    Benchmark("write classic pcap") { benchmark in
        try benchmark.timed(items: packets) { blackHole(try capture().count) }
    }
}
