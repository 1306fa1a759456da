import HawseWire

/// Blanks a free field, and the checksum over it, in a pair of frames.
struct FrameMask {
    /// The produced value may not be what it is, or the checksum over it is wrong.
    struct Objection: Error {
        var reason: String
    }

    private struct Spot {
        var layers: FrameLayers
        var offset: Int
        var size: Int
        var checksum: Int?
    }

    private static func spot(_ frame: [UInt8], _ name: String) -> Spot? {
        var field = name[...]
        var layers = FrameLayers(frame)
        var start = 0
        if field.hasPrefix("inner.") {
            start = layers.encapsulated ?? 0
            guard let inner = layers.inner else { return nil }
            layers = inner
            field = field.dropFirst(6)
        }
        if field == "edst" { return Spot(layers: layers, offset: start, size: 6, checksum: nil) }
        guard let ip = layers.ip else { return nil }
        switch (field, layers.version) {
        case ("ip-id", 4): return Spot(layers: layers, offset: ip + 4, size: 2, checksum: ip + 10)
        case ("ip-option-timestamp", 4):
            return Spot(layers: layers, offset: ip + 20, size: Int(frame[ip] & 15) * 4 - 20, checksum: ip + 10)
        case ("ip-id", 6):
            // The kernel draws a new identification for what it fragments again.
            guard let header = layers.fragmentHeader else { return nil }
            return Spot(layers: layers, offset: header + 4, size: 4, checksum: nil)
        case ("ipv6-flow-label", 6): return Spot(layers: layers, offset: ip + 1, size: 3, checksum: nil)
        default: break
        }
        guard let transport = layers.transport else { return nil }
        let check = FrameLayers.checksumOffset(layers.ipProtocol).map { transport + $0 }
            .flatMap { frame.count >= $0 + 2 ? $0 : nil }
        let hasPorts = [.tcp, .udp, .sctp].contains(layers.ipProtocol)
        switch field {
        case "source-port" where hasPorts, "snat-port" where hasPorts, "udp-source-port" where hasPorts:
            return Spot(layers: layers, offset: transport, size: 2, checksum: check)
        case "vxlan-source-port" where layers.encapsulated != nil:
            return Spot(layers: layers, offset: transport, size: 2, checksum: check)
        case "destination-port" where hasPorts:
            return Spot(layers: layers, offset: transport + 2, size: 2, checksum: check)
        case "icmp-id" where layers.ipProtocol == .icmp || layers.ipProtocol == .icmpv6:
            return Spot(layers: layers, offset: transport + 4, size: 2, checksum: check)
        default: return nil
        }
    }

    private static func value(_ frame: [UInt8], _ spot: Spot) -> Int {
        guard spot.size <= 6 else { return 0 }
        return (0..<spot.size).reduce(0) { total, i in
            total << 8 | (spot.offset + i < frame.count ? Int(frame[spot.offset + i]) : 0)
        }
    }

    private static func blank(_ frame: inout [UInt8], _ spot: Spot) {
        for i in 0..<max(0, spot.size) where spot.offset + i < frame.count { frame[spot.offset + i] = 0 }
        if let checksum = spot.checksum, checksum + 1 < frame.count {
            frame[checksum] = 0
            frame[checksum + 1] = 0
        }
    }

    /// Whether two bytes of one are those of the other.
    private static func isSame(_ expected: [UInt8], _ produced: [UInt8], _ first: Int?, _ second: Int) -> Bool {
        guard let first else { return false }
        return (0..<2).allSatisfy { first + $0 < expected.count && second + $0 < produced.count
            && expected[first + $0] == produced[second + $0]
        }
    }

    /// Masks `field` in both frames once the produced value is allowed and the checksum over it is right.
    static func apply(
        _ field: String, range: ClosedRange<Int>?, expected: inout [UInt8], produced: inout [UInt8], raw: [UInt8]
    ) throws(Objection) {
        guard let a = spot(expected, field), let b = spot(produced, field) else { return }
        if let range {
            let wanted = value(expected, a)
            if wanted != 0, !range.contains(wanted) { return }  // not a frame whose field the kernel chose
            let got = value(raw, b)
            if got != 0, !range.contains(got) {
                throw Objection(reason: "\(field) \(got) outside \(range.lowerBound)-\(range.upperBound)")
            }
        }
        if field == "udp-source-port", let first = a.checksum, let second = b.checksum {
            func isSummed(_ frame: [UInt8], _ at: Int) -> Bool { frame[at] != 0 || frame[at + 1] != 0 }
            guard isSummed(expected, first) == isSummed(raw, second) else { throw Objection(reason: "a checksum, or none") }
        }
        // What is right or wrong in both is not looked at.
        if let check = b.checksum, value(expected, a) != value(produced, b) || !isSame(expected, produced, a.checksum, check) {
            let isInner = field.hasPrefix("inner.")
            let outer = FrameLayers(raw)
            let fresh = isInner ? outer.inner ?? outer : outer
            let isHeaderField = field.hasPrefix("ip-") || field.hasPrefix("inner.ip-")
            guard isHeaderField ? fresh.hasRightHeaderChecksum : fresh.hasRightTransportChecksum else {
                throw Objection(reason: "wrong checksum over the free field \(field)")
            }
        }
        blank(&expected, a)
        blank(&produced, b)
    }
}
