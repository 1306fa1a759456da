import Foundation
import Hawse

/// The files of `hawse replay`: `-w` (pcapng of every device), `--out-dir` (a pcap an interface), `--trace` (NDJSON).
final class OutputFiles {
    private var recorder: VantageRecorder?
    private var captures: InterfaceCaptures?
    private var traceFile: NDJSONFile?
    private let node: String
    private let devices: [String]

    let needsTrace: Bool
    let needsFrames: Bool
    /// Whether frames that leave are asked for.
    let needsOutputs: Bool

    init(_ command: Replay, node: String, devices: [String]) throws {
        self.node = node
        self.devices = devices
        needsTrace = command.write != nil || command.trace != nil
        needsFrames = command.write != nil
        needsOutputs = command.outDir != nil
        do {
            if let path = command.write {
                let line = CommandLine.arguments.joined(separator: " ")
                recorder = try VantageRecorder(to: .file(path), comments: ["\(line)", "hawse \(HawseVersion.text), seed \(command.source.seed)"])
            }
            if let path = command.outDir { try TextFile.makeFolder(path) }
            if let path = command.outDir { captures = try InterfaceCaptures(directory: path, names: devices) }
            if let path = command.trace { traceFile = try NDJSONFile(path, schema: "hawse.trace/1") }
        } catch { throw Failure.input("\(error)") }
    }

    /// Takes what the node did and sent since the last call.
    func take(_ replay: NodeReplay, at time: Instant) throws {
        do {
            if needsTrace {
                let events = replay.dataplane.takeTrace()
                try record(events, node: node, devices: devices, at: time)
            }
            if needsOutputs { try replay.shards.takeOutputs { try captures?.write($0) } }
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
            try captures?.close()
            try traceFile?.close()
        } catch { throw Failure.input("\(error)") }
    }
}
