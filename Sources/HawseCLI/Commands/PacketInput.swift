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
        while true {
            var next: CaptureRecord?
            do { next = try merged.next() } catch { throw error.failure }
            guard let record = next else { return }
            do {
                if try matching?.matches(record) == false { continue }
            } catch { throw Failure.input("\(error)") }
            try body(record, merged.interface(of: record))
        }
    }

    private func filterSet() throws -> CaptureFilterSet? {
        guard !filter.isEmpty else { return nil }
        do { return try CaptureFilterSet(filter.joined(separator: " ")) } catch { throw Failure.input("\(error)") }
    }
}

extension CaptureError {
    /// A file that cannot be opened is an input error; what cannot be read to its end is damaged.
    var failure: Failure { kind == .cannotOpen ? .input(description) : .damaged(description) }
}
