import HawseWire

/// What `ip_vs_ftp` reads in a control connection. It looks for the numbers in another way than conntrack's own helper.
enum IPVSFTPCommand {
    /// Numbers of a command or answer, and where in the payload they stand.
    struct Numbers {
        var address: AddressBits
        var port: UInt16
        var place: Range<Int>
    }

    enum Passive { case none, pasv, epsv, unusable }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func begins(_ payload: UnsafeRawBufferPointer, at start: Int, _ word: StaticString) -> Bool {
        guard payload.count - start >= word.utf8CodeUnitCount else { return false }
        for i in 0..<word.utf8CodeUnitCount {
            let byte = payload[start + i]
            let upper = byte >= 0x61 && byte <= 0x7a ? byte - 32 : byte
            if upper != word.utf8Start[i] { return false }
        }
        return true
    }

    /// Whether the client goes passive: `PASV` and the end of the line, `EPSV`, or `EPSV 1` and `EPSV 2` as the family is;
    /// wherever in the payload.
    static func passive(_ payload: UnsafeRawBufferPointer, version: UInt8) -> Passive {
        var at = 0
        while at <= payload.count - 6 {
            if version == 4, begins(payload, at: at, "PASV\r\n") { return .pasv }
            if begins(payload, at: at, "EPSV"), payload[at + 4] == 0x20 || payload[at + 4] == 0x0d {
                guard payload[at + 4] == 0x20 else { return .epsv }
                let family: UInt8 = version == 6 ? UInt8(ascii: "2") : UInt8(ascii: "1")
                let isUsable = at <= payload.count - 7 && payload[at + 6] == 0x0d && payload[at + 5] == family
                return isUsable ? .epsv : .unusable
            }
            at += 1
        }
        return .none
    }

    /// `a,b,c,d,p,q` behind a word: `PORT 10,0,0,1,4,1`, `227 Entering Passive Mode (10,0,0,1,4,1)`. `skip` stands before the
    /// numbers and may be missing.
    static func plain(
        _ payload: UnsafeRawBufferPointer, after word: StaticString, skipping skip: Unicode.Scalar
    ) -> Numbers? {
        guard begins(payload, at: 0, word),
            let start = skipTo(payload, from: word.utf8CodeUnitCount, UInt8(truncatingIfNeeded: skip.value), orDigit: true)
        else { return nil }
        var numbers: [UInt32] = [0]
        var at = start
        while true {
            guard at < payload.count else { return nil }
            let byte = payload[at]
            if isDigit(byte) {
                numbers[numbers.count - 1] = (numbers[numbers.count - 1] * 10 + UInt32(byte - 0x30)) & 0xff
            } else if byte == UInt8(ascii: ","), numbers.count < 6 {
                numbers.append(0)
            } else {
                break
            }
            at += 1
        }
        guard numbers.count == 6 else { return nil }
        let address = numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3]
        return Numbers(
            address: AddressBits(ipv4: address), port: UInt16(numbers[4] << 8 | numbers[5]), place: start..<at)
    }

    /// `|1|10.0.0.1|1025|`, `|2|fd00::1|1025|`, and in answers (`own` given) `|||1025|`.
    static func extended(
        _ payload: UnsafeRawBufferPointer, after word: StaticString, skipping skip: Unicode.Scalar, version: UInt8,
        own: AddressBits?
    ) -> Numbers? {
        guard begins(payload, at: 0, word),
            let start = skipTo(payload, from: word.utf8CodeUnitCount, UInt8(truncatingIfNeeded: skip.value), orDigit: false)
        else { return nil }
        func byte(_ at: Int) -> UInt8? { at < payload.count ? payload[at] : nil }
        guard let delimiter = byte(start), (33...126).contains(delimiter), let first = byte(start + 1) else { return nil }
        var at = start + 1
        let address: AddressBits
        if first == delimiter {
            guard let own, byte(at + 1) == delimiter else { return nil }
            address = own
            at += 2
        } else {
            let family: UInt8 = version == 6 ? UInt8(ascii: "2") : UInt8(ascii: "1")
            guard first == family, byte(at + 1) == delimiter else { return nil }
            at += 2
            let text = payload[at...].prefix { $0 != delimiter }
            guard at + text.count < payload.count, let ip = IPAddress(String(decoding: text, as: UTF8.self)),
                (ip.family == .ipv6) == (version == 6)
            else { return nil }
            address = ip.bits
            at += text.count + 1
        }
        var port: UInt16 = 0
        while let digit = byte(at), isDigit(digit) {
            port = port &* 10 &+ UInt16(digit - 0x30)
            at += 1
        }
        guard byte(at) == delimiter, port != 0 else { return nil }
        return Numbers(address: address, port: port, place: start..<(at + 1))
    }

    /// Behind a run of `skip`; with `orDigit` a digit before it will do.
    private static func skipTo(_ payload: UnsafeRawBufferPointer, from: Int, _ skip: UInt8, orDigit: Bool) -> Int? {
        var at = from
        var hasFound = false
        while at < payload.count {
            if !hasFound {
                if orDigit, isDigit(payload[at]) { return at }
                if payload[at] == skip { hasFound = true }
            } else if payload[at] != skip {
                return at
            }
            at += 1
        }
        return nil
    }

    static func text(_ address: UInt32, _ port: UInt16) -> [UInt8] {
        let parts = [address >> 24, address >> 16, address >> 8, address, UInt32(port) >> 8, UInt32(port)]
        return Array(parts.map { String($0 & 0xff) }.joined(separator: ",").utf8)
    }
}
