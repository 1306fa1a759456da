import HawseWire

/// SYNPROXY's first numbers and stamps come from a key and a clock of the kernel's own (`syn-cookie` in `free`). What our
/// node sends is put into the recorded numbers before it is compared; what a client says to them is put into ours.
struct SynproxyNumbers {
    /// Addresses and ports as the proxy writes them: server first.
    struct Flow: Hashable {
        var server: [UInt8]
        var client: [UInt8]
        var serverPort: Int
        var clientPort: Int
    }

    /// Ours minus the recorded. Stamps are only shifted when the client echoed the proxy's: without that the server's
    /// reach it as they are (`synproxy->its` stays 0).
    private struct Shift {
        var sequence: UInt32
        var stamp: UInt32
        /// The first number itself, ours.
        var first: UInt32
    }

    private var shifts: [Flow: Shift] = [:]
    /// By how much the recorded number of a client's first greeting is ahead of ours; later ones are already adjusted.
    private(set) var distances: [Flow: UInt32] = [:]
    private let recorded: [String: [[UInt8]]]

    /// `nil` when the case has no such numbers.
    init?(_ golden: GoldenCase) throws {
        guard golden.free.contains(where: { $0.field == "syn-cookie" }) else { return nil }
        var frames: [String: [[UInt8]]] = [:]
        for name in golden.files(in: "out", suffix: ".pcap") {
            frames[String(name.dropLast(5))] = try CaseOutput.load(golden.directory + "/out/" + name)
        }
        recorded = frames
    }

    /// Frame number `index` of an interface as the recorded kernel would have numbered it.
    mutating func normalized(_ bytes: [UInt8], on interface: String, index: Int) -> [UInt8] {
        guard let tcp = Segment(bytes) else { return bytes }
        if tcp.flags & 0x12 == 0x12, tcp.window == 0, let frames = recorded[interface], index < frames.count,
            let theirs = Segment(frames[index]), theirs.flags & 0x12 == 0x12,
            tcp.flow(isFromServer: true) == theirs.flow(isFromServer: true)
        {
            let flow = tcp.flow(isFromServer: true)
            if distances[flow] == nil { distances[flow] = theirs.sequence &- tcp.sequence }
            shifts[flow] = Shift(
                sequence: tcp.sequence &- theirs.sequence, stamp: (tcp.stamps?.0 ?? 0) &- (theirs.stamps?.0 ?? 0),
                first: tcp.sequence)
        }
        var result = tcp
        if let shift = shift(tcp.flow(isFromServer: true), tcp.sequence) {
            result.change(sequence: 0 &- shift.sequence, acknowledgement: 0, value: 0 &- shift.stamp, echo: 0)
        } else if tcp.flags & 0x12 == 0x02, let shift = shifts[tcp.flow(isFromServer: false)] {
            // The proxy's own SYN carries the number in its acknowledgement, and the stamp that the client echoed.
            result.change(sequence: 0, acknowledgement: 0 &- shift.sequence, value: 0, echo: 0 &- shift.stamp)
            if tcp.stamps == nil { shifts[tcp.flow(isFromServer: false)]?.stamp = 0 }
        } else if let shift = shifts[tcp.flow(isFromServer: false)], Self.isNear(tcp.acknowledgement, shift.first) {
            // A client's answer that nobody has changed.
            result.change(sequence: 0, acknowledgement: 0 &- shift.sequence, value: 0, echo: 0 &- shift.stamp)
        }
        return result.frame
    }

    /// What holds for a number of ours from a server: one near the proxy's own. Others are the server's, as what is invalid passes
    /// unchanged, or the proxy has greeted both ends of a conversation, each as the other.
    private func shift(_ flow: Flow, _ number: UInt32) -> Shift? {
        guard let shift = shifts[flow] else { return nil }
        return Self.isNear(number, shift.first) ? shift : nil
    }

    private static func isNear(_ number: UInt32, _ first: UInt32) -> Bool {
        Int32(bitPattern: number &- first).magnitude < 1 << 18
    }

    /// What a client sent, in our numbers.
    func readdressed(_ bytes: [UInt8]) -> [UInt8] {
        guard var tcp = Segment(bytes), tcp.flags & 0x10 != 0 else { return bytes }
        let flow = tcp.flow(isFromServer: false)
        guard let known = shifts[flow], let shift = shift(flow, tcp.acknowledgement &+ known.sequence) else {
            return bytes
        }
        tcp.change(sequence: 0, acknowledgement: shift.sequence, value: 0, echo: shift.stamp)
        return tcp.frame
    }

    /// A frame with a whole TCP header.
    private struct Segment {
        var frame: [UInt8]
        private let ip: Int
        private let transport: Int
        private let isIPv6: Bool
        private var stampPlace: Int?

        init?(_ frame: [UInt8]) {
            let layers = FrameLayers(frame)
            guard layers.ipProtocol == .tcp, let ip = layers.ip, let transport = layers.transport, transport + 20 <= frame.count
            else { return nil }
            (self.frame, self.ip, self.transport, isIPv6) = (frame, ip, transport, layers.version == 6)
            let end = min(frame.count, transport + Int(frame[transport + 12] >> 4) * 4)
            var at = transport + 20
            while at < end, frame[at] != 0 {
                if frame[at] == 1 {
                    at += 1
                    continue
                }
                guard at + 1 < end, frame[at + 1] >= 2 else { break }
                if frame[at] == 8, frame[at + 1] == 10, at + 10 <= end { stampPlace = at + 2 }
                at += Int(frame[at + 1])
            }
        }

        var flags: UInt8 { frame[transport + 13] }
        var window: Int { Int(frame[transport + 14]) << 8 | Int(frame[transport + 15]) }
        var sequence: UInt32 { word(transport + 4) }
        var acknowledgement: UInt32 { word(transport + 8) }
        var stamps: (UInt32, UInt32)? { stampPlace.map { (word($0), word($0 + 4)) } }

        private func word(_ at: Int) -> UInt32 { (0..<4).reduce(0) { $0 << 8 | UInt32(frame[at + $1]) } }
        private func half(_ at: Int) -> Int { Int(frame[at]) << 8 | Int(frame[at + 1]) }

        func flow(isFromServer: Bool) -> Flow {
            let (first, size) = isIPv6 ? (ip + 8, 16) : (ip + 12, 4)
            let source = Array(frame[first..<first + size])
            let destination = Array(frame[first + size..<first + 2 * size])
            return isFromServer
                ? Flow(server: source, client: destination, serverPort: half(transport), clientPort: half(transport + 2))
                : Flow(server: destination, client: source, serverPort: half(transport + 2), clientPort: half(transport))
        }

        mutating func change(sequence: UInt32, acknowledgement: UInt32, value: UInt32, echo: UInt32) {
            add(sequence, at: transport + 4)
            add(acknowledgement, at: transport + 8)
            guard let stampPlace else { return }
            add(value, at: stampPlace)
            add(echo, at: stampPlace + 4)
        }

        /// The checksum follows (RFC 1624), whether the word lies on an even place or not.
        private mutating func add(_ difference: UInt32, at place: Int) {
            guard difference != 0 else { return }
            let new = word(place) &+ difference
            let first = place - (place - transport) % 2
            let last = place + 4 + (place - transport) % 2
            guard last <= frame.count else { return }
            var sum = ~half(transport + 16) & 0xffff
            for at in stride(from: first, to: last, by: 2) { sum += ~half(at) & 0xffff }
            for index in 0..<4 { frame[place + index] = UInt8(truncatingIfNeeded: new >> (8 * UInt32(3 - index))) }
            for at in stride(from: first, to: last, by: 2) { sum += half(at) }
            while sum >> 16 != 0 { sum = (sum & 0xffff) + (sum >> 16) }
            frame[transport + 16] = UInt8(truncatingIfNeeded: ~sum >> 8)
            frame[transport + 17] = UInt8(truncatingIfNeeded: ~sum)
        }
    }
}
