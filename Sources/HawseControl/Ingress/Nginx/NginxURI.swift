/// The request's path as nginx compares it with locations: decoded, slashes merged, dots resolved.
enum NginxURI {
    /// nil: a bad request (a broken escape, a zero byte, more `..` than there is).
    static func normalise(_ path: String) -> String? {
        var bytes: [UInt8] = []
        var rest = path.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                if byte == UInt8(ascii: "#") { break }
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(hex), let low = rest.popFirst().flatMap(hex), high << 4 | low != 0 else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        var parts: [ArraySlice<UInt8>] = []
        let pieces = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false).dropFirst()
        for piece in pieces {
            if piece.isEmpty || piece.elementsEqual(".".utf8) { continue }
            if piece.elementsEqual("..".utf8) {
                if parts.popLast() == nil { return nil }
            } else {
                parts.append(piece)
            }
        }
        var out: [UInt8] = []
        for part in parts { out += [UInt8(ascii: "/")] + part }
        let last = pieces.last ?? []
        if out.isEmpty || last.isEmpty || last.elementsEqual(".".utf8) || last.elementsEqual("..".utf8) {
            out.append(UInt8(ascii: "/"))
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }

    /// A rewritten path as it is sent on.
    static func escape(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case 0...32, 127...255, UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
