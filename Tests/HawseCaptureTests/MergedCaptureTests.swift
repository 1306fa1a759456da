import Foundation
import Testing

@testable import HawseCapture

@Suite struct MergedCaptureTests {
    /// Each packet's single byte is its file's number.
    private func write(_ scratch: ScratchFolder, _ number: Int, _ times: [Int64]) throws -> String {
        let path = scratch.path("\(number).pcap")
        var writer = try PcapWriter(to: .file(path))
        for time in times {
            try [UInt8(number)].withUnsafeBytes { try writer.write($0, timestamp: time) }
        }
        try writer.close()
        return path
    }

    @Test func ordersByTimeThenByFile() throws {
        let scratch = try ScratchFolder()
        let paths = [
            try write(scratch, 0, [5, 5, 9, 100]), try write(scratch, 1, [1, 5, 5, 7]),
            try write(scratch, 2, []),
            try write(scratch, 3, [5, 6, 9]),
        ]
        var merged = try MergedCapture(paths: paths)
        var seen: [[Int64]] = []
        while let record = try merged.next() {
            #expect(merged.currentFile == Int(record.bytes[0]))
            seen.append([record.timestamp, Int64(record.bytes[0])])
        }
        #expect(
            seen == [
                [1, 1], [5, 0], [5, 0], [5, 1], [5, 1], [5, 3], [6, 3], [7, 1], [9, 0], [9, 3], [100, 0],
            ])
        #expect(merged.packetCount == 11)
        #expect(try merged.next() == nil)
    }

    @Test func goesOnAfterADamagedFile() throws {
        let scratch = try ScratchFolder()
        let good = try write(scratch, 1, [1, 3, 5, 7])
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: try write(scratch, 0, [2, 4, 6]))))
        bytes.removeLast(3)
        let cut = try scratch.write("cut.pcap", bytes)
        var merged = try MergedCapture(paths: [cut, good])
        var times: [Int64] = []
        var errors: [CaptureError] = []
        var done = false
        while !done {
            do throws(CaptureError) {
                if let record = try merged.next() { times.append(record.timestamp) } else { done = true }
            } catch { errors.append(error) }
        }
        #expect(times == [1, 2, 3, 4, 5, 7])
        #expect(errors.map(\.packet) == [3])
        #expect(errors.map(\.file) == [cut])
    }

    @Test func aMissingFileIsToldAtOnce() throws {
        let scratch = try ScratchFolder()
        let good = try write(scratch, 0, [1])
        var failed: CaptureError?
        do throws(CaptureError) {
            _ = try MergedCapture(paths: [good, scratch.path("none.pcap")])
        } catch { failed = error }
        #expect(failed?.kind == .cannotOpen)
    }
}
