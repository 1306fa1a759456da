import Foundation
import Hawse

/// The files of `hawse replay`: `-w` (pcapng of every device), `--out-dir` (a pcap an interface), `--trace` (NDJSON).
final class OutputFiles {
    private var recorder: VantageRecorder?
    private var directory: String?
    private var writers: [String: PcapFile] = [:]
    private var traceFile: NDJSONFile?
    private let node: String
    private let devices: [String]

    /// A class around a writer that cannot be copied, so that a dictionary can hold it.
    private final class PcapFile {
        var writer: PcapWriter
        init(_ path: String) throws(CaptureWriteError) { writer = try PcapWriter(to: .file(path)) }
    }

    var needsTrace: Bool { recorder != nil || traceFile != nil }
    var needsFrames: Bool { recorder != nil }

    init(_ command: Replay, node: String, devices: [String]) throws {
        self.node = node
        self.devices = devices
        do {
            if let path = command.write {
                let line = CommandLine.arguments.joined(separator: " ")
                recorder = try VantageRecorder(to: .file(path), comments: ["\(line)", "hawse \(HawseVersion.text), seed \(command.source.seed)"])
            }
            if let path = command.outDir {
                directory = path
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            }
            if let path = command.trace { traceFile = try NDJSONFile(path, schema: "hawse.trace/1") }
        } catch { throw Failure.input("\(error)") }
    }

    /// Takes what the dataplane did and sent since the last call.
    func take(_ dataplane: Dataplane, at time: Instant) throws {
        do {
            if needsTrace {
                let events = dataplane.takeTrace()
                try record(events, node: node, devices: devices, at: time)
            }
            try dataplane.takeOutputs { frame in
                guard let directory else { return }
                let name = dataplane.interfaceName(frame.interface)
                if writers[name] == nil { writers[name] = try PcapFile("\(directory)/\(name).pcap") }
                try writers[name]?.writer.write(frame.bytes, timestamp: frame.time.nanoseconds)
            }
        } catch let error as CaptureWriteError {
            throw Failure.input("\(error)")
        }
    }

    /// `pods`: whose end of a veth pair a device leads to, by the device's name.
    func record(_ events: [TraceEvent], node: String, devices: [String], pods: [String: String] = [:], at time: Instant) throws {
        try recorder?.record(events, at: time) { index in
            let device = Int(index) < devices.count ? devices[Int(index)] : "?"
            if let pod = pods[device] { return ("pod \(pod)", "\(node)/\(device)") }
            return ("\(node)/\(device)", "")
        }
        for event in events { traceFile?.write(event, node: node, devices: devices, at: time) }
    }

    func close() throws {
        do {
            try recorder?.close()
            for name in writers.keys.sorted() { try writers[name]?.writer.close() }
            try traceFile?.close()
        } catch { throw Failure.input("\(error)") }
    }
}
