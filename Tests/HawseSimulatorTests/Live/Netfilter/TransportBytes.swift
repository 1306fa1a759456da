/// Transport headers as peers send them. Ports and numbers in host order; checksums are filled in by the packet.
enum TransportBytes {
    static func word(_ value: UInt16) -> [UInt8] { [UInt8(value >> 8), UInt8(value & 255)] }
    static func long(_ value: UInt32) -> [UInt8] { word(UInt16(value >> 16)) + word(UInt16(value & 0xffff)) }

    static func tcp(
        _ source: UInt16, _ destination: UInt16, sequence: UInt32, acknowledgement: UInt32, flags: UInt8, window: UInt16 = 20000,
        options: [UInt8] = [], payload: [UInt8] = []
    ) -> [UInt8] {
        let padded = options + [UInt8](repeating: 1, count: (4 - options.count % 4) % 4)
        return word(source) + word(destination) + long(sequence) + long(acknowledgement)
            + [UInt8((20 + padded.count) / 4) << 4, flags] + word(window) + [0, 0, 0, 0] + padded + payload
    }

    /// UDP, and UDP-lite when `coverage` is given.
    static func udp(_ source: UInt16, _ destination: UInt16, payload: [UInt8], coverage: UInt16? = nil) -> [UInt8] {
        word(source) + word(destination) + word(coverage ?? UInt16(8 + payload.count)) + [0, 0] + payload
    }

    static func echo(type: UInt8, code: UInt8 = 0, identifier: UInt16, number: UInt16, payload: [UInt8]) -> [UInt8] {
        [type, code, 0, 0] + word(identifier) + word(number) + payload
    }

    static func sctp(_ source: UInt16, _ destination: UInt16, tag: UInt32, chunks: [[UInt8]]) -> [UInt8] {
        word(source) + word(destination) + long(tag) + [0, 0, 0, 0] + chunks.flatMap { $0 }
    }

    static func chunk(_ type: UInt8, flags: UInt8 = 0, _ value: [UInt8]) -> [UInt8] {
        let padding = [UInt8](repeating: 0, count: (4 - value.count % 4) % 4)
        return [type, flags] + word(UInt16(4 + value.count)) + value + padding
    }

    /// DCCP with 48-bit sequence numbers.
    static func dccp(_ source: UInt16, _ destination: UInt16, type: UInt8, sequence: UInt64, acknowledgement: UInt64) -> [UInt8] {
        func six(_ value: UInt64) -> [UInt8] { (0..<6).map { UInt8(truncatingIfNeeded: value >> (8 * (5 - $0))) } }
        var header = word(source) + word(destination) + [0, 0, 0, 0, type << 1 | 1, 0] + six(sequence)
        if type != 0, type != 2 { header += [0, 0] + six(acknowledgement) }
        if type == 0 || type == 1 || type == 7 { header += [0, 0, 0, 9] }
        header[4] = UInt8(header.count / 4 + 1)
        return header + [44, 4, 0, 1]
    }

    static func gre(key: UInt16?) -> [UInt8] {
        // Version 1 with a key is PPTP's.
        guard let key else { return [0, 0, 0x08, 0x00] + [UInt8](repeating: 0x61, count: 20) }
        return [0x20, 0x01, 0x88, 0x0b, 0, 4] + word(key) + [1, 2, 3, 4]
    }
}
