import HawseModel
import HawseWire

/// The persistence engine `sip` (`ip_vs_pe_sip`): clients' calls are told apart by their Call-ID, so that every call stays
/// with its server and calls of one client are spread.
enum SIPEngine {
    /// The Call-ID of a SIP message; `nil` when there is none that the kernel would take.
    static func callID(_ message: UnsafeRawBufferPointer) -> [UInt8]? {
        var from = 0
        while true {
            switch find(message, from: from) {
            case .none: return nil
            case .malformed(let offset): from += max(offset, 1)
            case .found(let range):
                guard range.count <= EngineDataTable.maximumLength, range.upperBound < message.count,
                    isLineEnd(message[range.upperBound])
                else { return nil }
                return Array(message[range])
            }
        }
    }

    private enum Search {
        case none
        case malformed(Int)
        case found(Range<Int>)
    }

    private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 0x0d || byte == 0x0a }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// `ct_sip_get_header` for Call-ID: the first header of that name, or of the compact name `i`, that begins a line.
    private static func find(_ text: UnsafeRawBufferPointer, from: Int) -> Search {
        var at = from
        while at < text.count {
            defer { at += 1 }
            guard isLineEnd(text[at]) else { continue }
            at += 1
            if at >= text.count { return .none }
            if text[at - 1] == 0x0d, text[at] == 0x0a {
                at += 1
                if at >= text.count { return .none }
            }
            // A line that begins with a blank goes on with the header before.
            if isBlank(text[at]) { continue }
            if begins(text, at, "call-id") {
                at += 7
            } else if text.count - at >= 2, text[at] | 0x20 == UInt8(ascii: "i"), !isLetter(text[at + 1]) {
                at += 1
            } else {
                continue
            }
            guard let colon = skipBlanks(text, at), colon < text.count, text[colon] == UInt8(ascii: ":"),
                colon + 1 < text.count, let start = skipBlanks(text, colon + 1)
            else { return .none }
            let length = callIDLength(text, start)
            return length == 0 ? .malformed(start) : .found(start..<(start + length))
        }
        return .none
    }

    private static func begins(_ text: UnsafeRawBufferPointer, _ at: Int, _ lowercase: StaticString) -> Bool {
        guard text.count - at >= lowercase.utf8CodeUnitCount else { return false }
        for i in 0..<lowercase.utf8CodeUnitCount {
            let byte = text[at + i]
            let lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
            if lower != lowercase.utf8Start[i] { return false }
        }
        return true
    }

    /// `sip_skip_whitespace`: blanks, and one line break that is followed by a blank; `nil` when the message ends or
    /// another header begins.
    private static func skipBlanks(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        var at = start
        while at < text.count, isBlank(text[at]) { at += 1 }
        guard at < text.count, isLineEnd(text[at]) else { return at }
        at += 1
        if at >= text.count { return nil }
        if text[at - 1] == 0x0d, text[at] == 0x0a {
            at += 1
            if at >= text.count { return nil }
        }
        guard isBlank(text[at]) else { return nil }
        while at < text.count, isBlank(text[at]) { at += 1 }
        return at
    }

    /// `callid_len`: a word, or two with an at sign between them.
    private static func callIDLength(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
        let first = wordLength(text, start)
        let at = start + first
        guard first > 0, at < text.count, text[at] == UInt8(ascii: "@") else { return first }
        let second = wordLength(text, at + 1)
        return second == 0 ? 0 : first + 1 + second
    }

    private static func wordLength(_ text: UnsafeRawBufferPointer, _ start: Int) -> Int {
        var at = start
        while at < text.count, isWord(text[at]) { at += 1 }
        return at - start
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5a).contains(byte & 0xdf) }

    /// `iswordc`
    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a: true
        case UInt8(ascii: "!"), UInt8(ascii: "\""), UInt8(ascii: "%"), UInt8(ascii: "'"), UInt8(ascii: ":"),
            UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "?"), UInt8(ascii: "_"), UInt8(ascii: "`"),
            UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "~"):
            true
        // ( ) * +, - . /, [ \ ]
        case 0x28...0x2b, 0x2d...0x2f, 0x5b...0x5d: true
        default: false
        }
    }
}
