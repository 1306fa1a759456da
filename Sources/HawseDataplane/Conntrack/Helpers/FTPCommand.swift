import HawseWire

/// A command or answer of FTP that names a data connection.
enum FTPCommandKind { case port, eprt, pasv, epsv }

/// What `nf_conntrack_ftp` finds at the start of a line: `PORT`, `EPRT`, `227` or `229` with its numbers.
struct FTPCommand {
    enum Search {
        case found(FTPCommand)
        case none
        /// It began like one but does not end: the packet had better come again.
        case partial
    }

    var kind: FTPCommandKind
    /// Where the numbers stand in the payload, in bytes.
    var offset: Int
    var count: Int
    var address: AddressBits
    var port: UInt16

    /// Looks at a line sent by the client (`original`) or the server. `own`: the sender's address, for commands that do not
    /// name one.
    static func search(
        _ data: UnsafeBufferPointer<UInt8>, _ direction: Direction, version: UInt8, own: AddressBits
    ) -> Search {
        let patterns: [(FTPCommandKind, StaticString)] = direction == .original
            ? [(.port, "PORT"), (.eprt, "EPRT")] : [(.pasv, "227 "), (.epsv, "229 ")]
        for (kind, pattern) in patterns {
            switch match(data, kind, pattern, version, own) {
            case .none: continue
            case let result: return result
            }
        }
        return .none
    }

    private static func match(
        _ data: UnsafeBufferPointer<UInt8>, _ kind: FTPCommandKind, _ pattern: StaticString, _ version: UInt8,
        _ own: AddressBits
    ) -> Search {
        let length = pattern.utf8CodeUnitCount
        for i in 0..<min(length, data.count) where upper(data[i]) != upper(pattern.utf8Start[i]) { return .none }
        if data.count <= length { return .partial }
        var start = length
        let skip: UInt8? = kind == .pasv ? nil : kind == .epsv ? UInt8(ascii: "(") : UInt8(ascii: " ")
        if let skip {
            while data[start] != skip {
                if start == data.count - 1 { return .partial }
                start += 1
            }
            start += 1
        }
        var command = FTPCommand(kind: kind, offset: start, count: 0, address: own, port: 0)
        guard command.readNumbers(data, version) else { return .partial }
        return .found(command)
    }

    private static func upper(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte - 32 : byte
    }

    private mutating func readNumbers(_ data: UnsafeBufferPointer<UInt8>, _ version: UInt8) -> Bool {
        switch kind {
        case .port: return readSix(data, terminator: UInt8(ascii: "\r"))
        case .pasv:
            while offset < data.count, !Self.isDigit(data[offset]) { offset += 1 }
            return readSix(data, terminator: nil)
        case .eprt: return readExtended(data, version)
        case .epsv:
            guard data.count - offset > 3, Self.isDelimiter(data[offset]) else { return false }
            let delimiter = data[offset]
            guard data[offset + 1] == delimiter, data[offset + 2] == delimiter else { return false }
            return readPort(data, from: offset + 3, delimiter)
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    private static func isDelimiter(_ byte: UInt8) -> Bool { byte >= 33 && byte <= 126 && !isDigit(byte) }

    /// `try_rfc959`: h1,h2,h3,h4,p1,p2.
    private mutating func readSix(_ data: UnsafeBufferPointer<UInt8>, terminator: UInt8?) -> Bool {
        var numbers: [UInt32] = []
        guard let length = Self.numbers(data, from: offset, 6, ",", terminator, &numbers) else { return false }
        let ip = numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3]
        address = AddressBits(ipv4: ip)
        port = UInt16(truncatingIfNeeded: numbers[4] << 8 | numbers[5])
        count = length
        return true
    }

    /// `try_number`: `wanted` numbers between separators; the bytes up to the terminator, or `nil`.
    private static func numbers(
        _ data: UnsafeBufferPointer<UInt8>, from start: Int, _ wanted: Int, _ separator: Unicode.Scalar,
        _ terminator: UInt8?, _ numbers: inout [UInt32]
    ) -> Int? {
        numbers = [0]
        var i = start
        while i < data.count, numbers.count <= wanted {
            let byte = data[i]
            if isDigit(byte) {
                numbers[numbers.count - 1] = numbers[numbers.count - 1] &* 10 &+ UInt32(byte - 48)
            } else if byte == UInt8(ascii: separator) {
                numbers.append(0)
            } else {
                let length = i - start
                return (terminator == nil || byte == terminator) && numbers.count == wanted && length > 0 ? length : nil
            }
            i += 1
        }
        return nil
    }

    /// `try_eprt`: |1|132.235.1.2|6275| or |2|3ffe::1|6275|.
    private mutating func readExtended(_ data: UnsafeBufferPointer<UInt8>, _ version: UInt8) -> Bool {
        guard data.count - offset > 3, Self.isDelimiter(data[offset]) else { return false }
        let delimiter = data[offset]
        guard data[offset + 2] == delimiter, data[offset + 1] == UInt8(ascii: version == 4 ? "1" : "2") else {
            return false
        }
        let start = offset + 3
        var end = start
        if version == 4 {
            var numbers: [UInt32] = []
            guard let length = Self.numbers(data, from: start, 4, ".", delimiter, &numbers) else { return false }
            address = AddressBits(ipv4: numbers[0] << 24 | numbers[1] << 16 | numbers[2] << 8 | numbers[3])
            end = start + length
        } else {
            while end < data.count, data[end] != delimiter { end += 1 }
            let text = String(decoding: UnsafeBufferPointer(rebasing: data[start..<end]), as: UTF8.self)
            guard let ip = IPAddress(text), ip.family == .ipv6 else { return false }
            address = ip.bits
        }
        return readPort(data, from: end + 1, delimiter)
    }

    /// `get_port`: digits up to the delimiter; `count` covers everything from `offset` to behind it.
    private mutating func readPort(_ data: UnsafeBufferPointer<UInt8>, from start: Int, _ delimiter: UInt8) -> Bool {
        var value: UInt16 = 0
        var i = start
        while i < data.count {
            if data[i] == delimiter {
                guard value != 0 else { return false }
                port = value
                count = i + 1 - offset
                return true
            }
            guard Self.isDigit(data[i]) else { return false }
            value = value &* 10 &+ UInt16(data[i] - 48)
            i += 1
        }
        return false
    }

    /// `nf_nat_ftp_fmt_cmd`: the numbers for another address and port.
    static func text(_ kind: FTPCommandKind, _ address: AddressBits, _ port: UInt16, version: UInt8) -> [UInt8] {
        let ip = IPAddress(family: version == 6 ? .ipv6 : .ipv4, bits: address)
        switch kind {
        case .port, .pasv:
            let octets = IPAddress(ipv4: address.ipv4).bytes.map { "\($0)" }.joined(separator: ",")
            return Array("\(octets),\(port >> 8),\(port & 255)".utf8)
        case .eprt where version == 6:
            // The kernel writes all eight groups of four digits (`%pI6`).
            let digits = ip.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
            let groups = stride(from: 0, to: 16, by: 2).map { digits[$0] + digits[$0 + 1] }
            return Array("|2|\(groups.joined(separator: ":"))|\(port)|".utf8)
        case .eprt: return Array("|1|\(ip)|\(port)|".utf8)
        case .epsv: return Array("|||\(port)|".utf8)
        }
    }
}
