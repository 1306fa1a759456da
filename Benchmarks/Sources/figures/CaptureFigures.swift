import BenchmarkSupport
import Foundation
import Hawse

extension Figures {
    /// A capture read, put through a whole node, and what leaves written to a pcap an interface, all in CPU time of this
    /// thread, system time included. Files lie in /dev/shm.
    static func capture(_ quick: Bool) throws {
        let directory = "/dev/shm/hawse-figures-\(ProcessInfo.processInfo.processIdentifier)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let kube = KubeNode(services: 1000)
        let load = try EstablishedLoad(kube, flows: 10_000, keepsOpening: true)
        let packets = try NodeFiles.write(load, kube, rounds: quick ? 20 : 100, to: directory)
        let path = directory + "/traffic.pcap"
        let rounds = quick ? 3 : 7
        row("pcap read, mapped", try timed(rounds, packets) { try read(path) })
        row("pcap read and written", try timed(rounds, packets) { try copy(path, to: directory + "/copy.pcap") })
        row("pcap read, through the whole node, nothing written", try timed(rounds, packets) { try replay(path, kube, to: nil) })
        row(
            "pcap file → whole node → pcap files, 10000 flows",
            try timed(rounds, packets) { try replay(path, kube, to: directory + "/out") }, must: "195", goal: "100")
    }

    private static func timed(_ rounds: Int, _ packets: Int, _ body: () throws -> Double) throws -> (median: Double, least: Double, most: Double) {
        spread(try (0..<rounds).map { _ in try body() / Double(packets) })
    }

    private static func records<T>(_ path: String, _ size: Int, _ body: (UnsafeBufferPointer<CaptureRecord>, inout CaptureReader) throws -> T) throws {
        var reader = try CaptureReader(path: path)
        let records = UnsafeMutableBufferPointer<CaptureRecord>.allocate(capacity: size)
        defer { records.deallocate() }
        while case let count = try reader.next(into: records), count > 0 {
            _ = try body(UnsafeBufferPointer(rebasing: records[0..<count]), &reader)
        }
    }

    private static func read(_ path: String) throws -> Double {
        let start = CPUClock.nanoseconds()
        var bytes = 0
        try records(path, 256) { batch, _ in for record in batch { bytes &+= record.bytes.count } }
        guard bytes > 0 else { throw CocoaError(.fileReadCorruptFile) }
        return CPUClock.nanoseconds() - start
    }

    private static func copy(_ path: String, to target: String) throws -> Double {
        let start = CPUClock.nanoseconds()
        var writer = try PcapWriter(to: .file(target))
        try records(path, 256) { batch, _ in for record in batch { try writer.write(record.bytes, timestamp: record.timestamp) } }
        try writer.close()
        return CPUClock.nanoseconds() - start
    }

    /// The node is made before the clock starts.
    private static func replay(_ path: String, _ kube: KubeNode, to directory: String?) throws -> Double {
        guard let replay = try NodeReplay(kube.spec, seed: 1, entry: .automatic) else { return 0 }
        var captures: InterfaceCaptures?
        if let directory { captures = try InterfaceCaptures(directory: directory, names: replay.dataplane.interfaceNames) }
        replay.shards.keepsOutputs = directory != nil
        let start = CPUClock.nanoseconds()
        try records(path, replay.batchSize) { batch, reader in
            let interfaces = reader.interfaces
            replay.feed(batch) { interfaces[min(Int($0.interfaceIndex), interfaces.count - 1)] }
            try replay.shards.takeOutputs { try captures?.write($0) }
        }
        try captures?.close()
        return CPUClock.nanoseconds() - start
    }
}
