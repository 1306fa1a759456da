import HawseWire

extension PcapngWriter {
    /// Writes a Name Resolution Block: Wireshark then shows the names (of pods, Services, nodes) for the
    /// addresses.
    public mutating func writeNames(
        _ names: [(address: IPAddress, names: [String])]
    ) throws(CaptureWriteError) {
        var body: [UInt8] = []
        for entry in names {
            var record = entry.address.bytes
            for name in entry.names {
                record += name.utf8.prefix(1024).filter { $0 != 0 }
                record.append(0)
            }
            guard !entry.names.isEmpty, record.count <= 65_535 else { continue }
            body.appendLittle16(entry.address.family == .ipv4 ? 1 : 2)
            body.appendLittle16(UInt16(record.count))
            body += record
            body.appendPadding()
            // One block stays well below what readers accept.
            if body.count > 1 << 19 {
                try output.writeBlock(4, body + [0, 0, 0, 0])
                body.removeAll(keepingCapacity: true)
            }
        }
        if !body.isEmpty { try output.writeBlock(4, body + [0, 0, 0, 0]) }
    }

    /// Writes an Interface Statistics Block. `received` and `dropped` count packets over the whole capture.
    public mutating func writeStatistics(
        interface: UInt32, timestamp: Int64, received: UInt64, dropped: UInt64
    ) throws(CaptureWriteError) {
        let time = UInt64(max(timestamp, 0))
        var body: [UInt8] = []
        body.appendLittle32(interface)
        body.appendLittle32(UInt32(truncatingIfNeeded: time >> 32))
        body.appendLittle32(UInt32(truncatingIfNeeded: time))
        var options = OptionBytes()
        for (code, count) in [(UInt16(4), received), (5, dropped)] {
            var value: [UInt8] = []
            value.appendLittle32(UInt32(truncatingIfNeeded: count))
            value.appendLittle32(UInt32(truncatingIfNeeded: count >> 32))
            options.append(code, bytes: value)
        }
        try output.writeBlock(5, body + options.finished)
    }
}
