import Benchmark
import BenchmarkSupport
import Hawse

/// Headers, checksums, hashes: the pieces every packet pays for.
let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(metrics: [.throughput], scalingFactor: .kilo)
    let frame = Flow.segment(
        to: [2, 0, 0, 0, 1, 1], from: 0xc612_0001, 4000, to: 0x0a60_0001, 80, flags: Flow.ack, sequence: 1, acknowledgement: 1)

    Benchmark("IPv4 header checksum, 20 bytes") { benchmark in
        frame.withUnsafeBytes { raw in
            for _ in benchmark.scaledIterations { blackHole(InternetChecksum.sum(raw.baseAddress! + 14, count: 20)) }
        }
    }
    Benchmark("Internet checksum, 1500 bytes") { benchmark in
        let bytes = [UInt8](repeating: 0x5a, count: 1500)
        bytes.withUnsafeBytes { raw in
            for _ in benchmark.scaledIterations { blackHole(InternetChecksum.sum(raw.baseAddress!, count: 1500)) }
        }
    }
    Benchmark("Rewrite a destination and its checksums") { benchmark in
        var copy = frame
        copy.withUnsafeMutableBytes { raw in
            let ip = IPv4Header(raw.baseAddress! + 14)
            let tcp = TCPHeader(raw.baseAddress! + 34)
            for i in benchmark.scaledIterations {
                let delta = ChecksumUpdate.delta32(from: ip.destination, to: UInt32(truncatingIfNeeded: i))
                ip.destination = UInt32(truncatingIfNeeded: i)
                ip.checksum = ChecksumUpdate.apply(delta, to: ip.checksum)
                tcp.checksum = ChecksumUpdate.apply(delta, to: tcp.checksum)
            }
        }
    }
    Benchmark("Flow hash of a tuple") { benchmark in
        let hasher = FlowHash(seed: 1)
        for i in benchmark.scaledIterations {
            blackHole(hasher(AddressBits(ipv4: UInt32(truncatingIfNeeded: i)), AddressBits(ipv4: 7), 80))
        }
    }
}
