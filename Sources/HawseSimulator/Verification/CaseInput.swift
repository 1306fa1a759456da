import HawseCapture
import HawseFormats
import HawseModel

/// A frame that goes into a case's node.
struct CaseInput {
    var time: Instant
    /// `nil`: sent by the node's own process (in/local.pcap).
    var interface: String?
    var bytes: [UInt8]

    /// All of in/*.pcap in the order in which they are injected: by time, ties by file name.
    static func load(_ golden: GoldenCase) throws(CaptureError) -> [CaseInput] {
        var inputs: [CaseInput] = []
        for name in golden.files(in: "in", suffix: ".pcap") {
            let interface = String(name.dropLast(5))
            var reader = try CaptureReader(path: golden.directory + "/in/" + name)
            while let record = try reader.next() {
                inputs.append(
                    CaseInput(
                        time: Instant(nanoseconds: record.timestamp), interface: interface == "local" ? nil : interface,
                        bytes: Array(record.bytes)))
            }
        }
        return inputs.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }.map(\.element)
    }
}

/// A frame that left the node.
struct CaseOutput {
    var time: Instant
    var bytes: [UInt8]

    static func load(_ path: String) throws(CaptureError) -> [[UInt8]] {
        var reader = try CaptureReader(path: path)
        var frames: [[UInt8]] = []
        while let record = try reader.next() { frames.append(Array(record.bytes)) }
        return frames
    }
}
