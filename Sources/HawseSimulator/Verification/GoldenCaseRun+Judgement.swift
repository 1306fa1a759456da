import Foundation
import HawseCapture

extension GoldenCaseRun {
    /// The first difference from the recording; `nil` when there is none.
    func divergence() throws -> String? {
        let recorded = golden.files(in: "out", suffix: ".pcap").map { String($0.dropLast(5)) }
        for interface in Set(recorded).union(frames.keys).sorted() {
            let path = golden.directory + "/out/" + interface + ".pcap"
            let expected = recorded.contains(interface) ? try CaseOutput.load(path) : []
            let produced = (frames[interface] ?? []).map(\.bytes)
            if let why = FrameComparison.difference(interface, expected: expected, produced: produced, free: golden.free) {
                return why
            }
        }
        for name in golden.files(in: "expect") where !StateComparison.isFree(name, golden.free) {
            guard let produced = states[name] else { return "expect/\(name) was not produced" }
            let path = golden.directory + "/expect/" + name
            let expected = String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
            if let why = StateComparison.difference(name, expected: expected, produced: produced, free: golden.free) {
                return why
            }
        }
        return nil
    }

    /// Writes out/ and expect/ below a folder, in the case's own formats.
    func write(to folder: String) throws {
        let files = FileManager.default
        for name in ["out", "expect"] {
            try files.createDirectory(atPath: folder + "/" + name, withIntermediateDirectories: true)
        }
        for (interface, frames) in frames.sorted(by: { $0.key < $1.key }) {
            var writer = try PcapWriter(to: .file("\(folder)/out/\(interface).pcap"), precision: .microseconds)
            for frame in frames {
                try frame.bytes.withUnsafeBytes { try writer.write($0, timestamp: frame.time.nanoseconds) }
            }
            try writer.close()
        }
        if !story.isEmpty { try Data(story).write(to: URL(fileURLWithPath: folder + "/trace.ndjson")) }
        for (name, text) in states { try Data(text.utf8).write(to: URL(fileURLWithPath: folder + "/expect/" + name)) }
    }
}
