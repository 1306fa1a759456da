import HawseModel

/// What Go's `time.Parse` says of a text that is to be a time of RFC 3339.
enum GoTimeSyntax {
    private static let layout = "2006-01-02T15:04:05Z07:00"

    /// The layout's numbers with what has to stand before each, and what they may be.
    private static let parts: [(before: String, element: String, digits: Int, name: String, range: ClosedRange<Int>)] = [
        ("", "2006", 4, "", 0...9999), ("-", "01", 2, "month", 1...12), ("-", "02", 2, "", 0...99),
        ("T", "15", 2, "hour", 0...23), (":", "04", 2, "minute", 0...59), (":", "05", 2, "second", 0...59),
    ]

    static func fault(_ text: String) -> String? {
        var rest = Array(text.utf8)[...]
        var numbers: [Int] = []
        for part in parts {
            if !part.before.isEmpty {
                guard rest.first == part.before.utf8.first else { return unread(text, rest, part.before) }
                rest.removeFirst()
            }
            // An hour may have one digit only.
            let count = part.element == "15" && !(rest.dropFirst().first.map(isDigit) ?? false) ? 1 : part.digits
            guard rest.count >= count, rest.prefix(count).allSatisfy(isDigit) else { return unread(text, rest, part.element) }
            let number = rest.prefix(count).reduce(0) { $0 * 10 + Int($1) - 48 }
            if !part.range.contains(number) { return "\(start(text)): \(part.name) out of range" }
            numbers.append(number)
            rest = rest.dropFirst(count)
        }
        if let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ","),
            rest.dropFirst().first.map(isDigit) == true
        {
            rest = rest.dropFirst().drop(while: isDigit)
        }
        guard let left = zone(rest) else { return unread(text, rest, "Z07:00") }
        if !left.isEmpty { return "\(start(text)): extra text: \(quoted(left))" }
        if !(1...days(in: numbers[1], of: numbers[0])).contains(numbers[2]) { return "\(start(text)): day out of range" }
        return nil
    }

    /// What stands behind a zone; nil where there is none.
    private static func zone(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        if rest.first == UInt8(ascii: "Z") { return rest.dropFirst() }
        let zone = Array(rest.prefix(6))
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"), zone[3] == UInt8(ascii: ":"),
            [1, 2, 4, 5].allSatisfy({ isDigit(zone[$0]) })
        else { return nil }
        return rest.dropFirst(6)
    }

    static func days(in month: Int, of year: Int) -> Int {
        switch month {
        case 4, 6, 9, 11: 30
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        default: 31
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String { JSONWriter.quoted(String(decoding: bytes, as: UTF8.self)) }
    private static func start(_ text: String) -> String { "parsing time \(JSONWriter.quoted(text))" }

    private static func unread(_ text: String, _ rest: ArraySlice<UInt8>, _ element: String) -> String {
        "\(start(text)) as \(JSONWriter.quoted(layout)): cannot parse \(quoted(rest)) as \(JSONWriter.quoted(element))"
    }
}
