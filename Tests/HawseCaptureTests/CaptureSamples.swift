import CPcap
import Foundation
import Testing

@testable import HawseCapture

/// The captures in the repository, and what our reader and libpcap make of them.
enum CaptureSamples {
    static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "pcaps")

    static let ordinary = files(under: "samples")
    /// With all captures of the folder that `HAWSE_CAPTURES` names, if it names one.
    static let anyQuality =
        malformed
        + (ProcessInfo.processInfo.environment["HAWSE_CAPTURES"].map { folder in
            let names = FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []
            return names.filter { $0.contains(".pcap") || $0.hasSuffix(".cap") }.sorted().map {
                "\(folder)/\($0)"
            }
        } ?? [])
    static let malformed = files(under: "malformed")

    /// Names relative to `pcaps`, sorted.
    static func files(under folder: String) -> [String] {
        let base = root.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.allObjects as? [String] ?? []
        return names.filter { !$0.hasPrefix(".") && isFile(base.appending(path: $0)) }.map {
            "\(folder)/\($0)"
        }
        .sorted()
    }

    private static func isFile(_ url: URL) -> Bool {
        (try? url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
    }

    static func path(_ name: String) -> String {
        name.hasPrefix("/") ? name : root.appending(path: name).path
    }
}

/// A packet copied out of a capture.
struct CopiedPacket: Equatable {
    var bytes: [UInt8]
    var timestamp: Int64
    var originalLength: UInt32
    var linkType: LinkType
    var interface = ""
    var comments: [String] = []
}

/// All that a reader gave, and how it ended.
struct ReadCapture: Equatable {
    var packets: [CopiedPacket] = []
    var error: CaptureError?

    static func ours(_ path: String, access: CaptureAccess = .automatic) -> ReadCapture {
        var result = ReadCapture()
        do throws(CaptureError) {
            var reader = try CaptureReader(path: path, access: access)
            result.drain(&reader)
        } catch { result.error = error }
        return result
    }

    static func ours(_ bytes: [UInt8]) -> ReadCapture {
        bytes.withUnsafeBytes { memory in
            var result = ReadCapture()
            do throws(CaptureError) {
                var reader = try CaptureReader(memory: memory, name: "memory")
                result.drain(&reader)
            } catch { result.error = error }
            return result
        }
    }

    mutating func drain(_ reader: inout CaptureReader) {
        do throws(CaptureError) {
            while let record = try reader.next() {
                packets.append(
                    CopiedPacket(
                        bytes: Array(record.bytes), timestamp: record.timestamp,
                        originalLength: record.originalLength, linkType: record.linkType,
                        interface: reader.interface(of: record).name, comments: record.comments))
            }
        } catch { self.error = error }
    }
}

/// What libpcap makes of the same file.
struct LibpcapCapture {
    var packets: [CopiedPacket] = []
    /// Nil when the file could not even be opened.
    var opened = false
    var error: String?
    var snapshotLength = 0

    init(_ path: String) {
        var message = [CChar](repeating: 0, count: Int(PCAP_ERRBUF_SIZE))
        guard
            let handle = pcap_open_offline_with_tstamp_precision(
                path, UInt32(PCAP_TSTAMP_PRECISION_NANO), &message)
        else {
            error = String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return
        }
        defer { pcap_close(handle) }
        opened = true
        snapshotLength = Int(pcap_snapshot(handle))
        let linkType = LinkType(dlt: pcap_datalink(handle))
        var header: UnsafeMutablePointer<pcap_pkthdr>?
        var data: UnsafePointer<UInt8>?
        while true {
            let status = pcap_next_ex(handle, &header, &data)
            guard status == 1, let header, let data else {
                if status == -1 { error = String(cString: pcap_geterr(handle)) }
                return
            }
            packets.append(
                CopiedPacket(
                    bytes: Array(UnsafeBufferPointer(start: data, count: Int(header.pointee.caplen))),
                    timestamp: Int64(header.pointee.ts.tv_sec) &* 1_000_000_000
                        &+ Int64(header.pointee.ts.tv_usec),
                    originalLength: header.pointee.len, linkType: linkType))
        }
    }
}

/// A scratch folder that goes away with its owner.
final class ScratchFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "hawse-capture-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appending(path: name).path }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: url.appending(path: name))
        return path(name)
    }
}
