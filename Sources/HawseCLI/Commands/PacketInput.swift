import ArgumentParser
import Hawse

/// Where packets come from: `-r`, and a pcap filter in the trailing words, as tcpdump has it.
struct PacketInput: ParsableArguments {
    @Option(
        name: [.customShort("r"), .customLong("read")],
        help: ArgumentHelp("A capture: pcap or pcapng, gzip or not, - for stdin. Repeatable; merged by time.", valueName: "FILE"))
    var captures: [String] = []

    @Argument(help: ArgumentHelp("A pcap filter, as tcpdump takes it: only matching packets are used.", valueName: "FILTER"))
    var filter: [String] = []

    /// Calls `body` for every packet that the filter lets through, in time order. Damage ends a file: what came before
    /// has been handed over, and the error is thrown.
    func forEach(_ body: (CaptureRecord, CaptureInterface) throws -> Void) throws {
        var merged: MergedCapture
        do { merged = try MergedCapture(paths: captures) } catch { throw error.failure }
        var matching = try filterSet()
        var strange = StrangeLinks()
        while true {
            var next: CaptureRecord?
            do { next = try merged.next() } catch { throw error.failure }
            guard let record = next else { return try strange.finish() }
            if strange.isStrange(record) { strange.count(record, of: merged.files[merged.currentFile]) }
            do {
                if try matching?.matches(record) == false { continue }
            } catch { throw Failure.input("\(error)") }
            try body(record, merged.interface(of: record))
        }
    }

    /// The same, many at a time: packets that are valid together, which of the captures they are from, and whom to ask about
    /// a packet's interface.
    func forEachBatch(
        of size: Int, _ body: (UnsafeBufferPointer<CaptureRecord>, Int, (CaptureRecord) -> CaptureInterface) throws -> Void
    ) throws {
        var merged: MergedCapture
        do { merged = try MergedCapture(paths: captures) } catch { throw error.failure }
        var matching = try filterSet()
        let records = UnsafeMutableBufferPointer<CaptureRecord>.allocate(capacity: size)
        defer { records.deallocate() }
        var strange = StrangeLinks()
        while true {
            var count: Int
            do { count = try merged.next(into: records) } catch { throw error.failure }
            guard count > 0 else { return try strange.finish() }
            for index in 0..<count where strange.isStrange(records[index]) {
                strange.count(records[index], of: merged.files[merged.currentFile])
            }
            if matching != nil {
                do { count = try Self.keep(records, count, &matching) } catch { throw Failure.input("\(error)") }
            }
            try body(UnsafeBufferPointer(rebasing: records[0..<count]), merged.currentFile) { merged.interface(of: $0) }
        }
    }

    /// Moves the packets that the filter lets through to the front; returns how many.
    private static func keep(
        _ records: UnsafeMutableBufferPointer<CaptureRecord>, _ count: Int, _ filter: inout CaptureFilterSet?
    ) throws -> Int {
        var kept = 0
        for index in 0..<count where try filter?.matches(records[index]) ?? true {
            records[kept] = records[index]
            kept += 1
        }
        return kept
    }

    private func filterSet() throws -> CaptureFilterSet? {
        guard !filter.isEmpty else { return nil }
        do { return try CaptureFilterSet(filter.joined(separator: " ")) } catch { throw Failure.input("\(error)") }
    }
}

/// Packets of link types that are not read: they are left out, and that is said at the end.
private struct StrangeLinks {
    private var counts: [LinkType: (file: String, packets: Int)] = [:]
    /// The type of the last packet, known to be read.
    private var usual = LinkType.ethernet

    @inline(__always)
    mutating func isStrange(_ record: CaptureRecord) -> Bool { record.linkType != usual && !isRead(record.linkType) }

    private mutating func isRead(_ type: LinkType) -> Bool {
        if type.isRead { usual = type }
        return type.isRead
    }

    mutating func count(_ record: CaptureRecord, of file: String) { counts[record.linkType, default: (file, 0)].packets += 1 }

    /// Damage, as far as the program is concerned: the rest has been done.
    func finish() throws {
        guard !counts.isEmpty else { return }
        let said = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { type, found in
            "\(found.file): \(found.packets) packets of link type \(type) (\(type.rawValue)), which is not read, are left out"
        }
        throw Failure.damaged(said.joined(separator: "\nhawse: "))
    }
}

extension CaptureError {
    /// A file that cannot be opened is an input error; what cannot be read to its end is damaged.
    var failure: Failure { kind == .cannotOpen ? .input(description) : .damaged(description) }
}
