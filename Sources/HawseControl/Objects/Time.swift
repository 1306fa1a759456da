import HawseModel

extension Kubernetes {
    /// `metav1.Time` and `MicroTime`: microseconds since 1970, UTC; RFC 3339 as text.
    public struct Time: FieldValue, Comparable {
        public var microseconds: Int64

        public init(microseconds: Int64) { self.microseconds = microseconds }
        public init(seconds: Int64) { microseconds = seconds &* 1_000_000 }

        /// Whole seconds, rounded down.
        public var seconds: Int64 { (microseconds - (microseconds % 1_000_000 + 1_000_000) % 1_000_000) / 1_000_000 }

        /// So many seconds later; at the end of time at the latest.
        public func adding(seconds: Int64) -> Time {
            let (span, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000)
            let (sum, isTooLate) = microseconds.addingReportingOverflow(span)
            if isTooLong || isTooLate { return Time(microseconds: seconds > 0 ? .max : .min) }
            return Time(microseconds: sum)
        }

        public static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }
        public static var goType: String { "time.Time" }
        public var isZero: Bool { false }

        public init?(_ text: String) {
            let bytes = Array(text.utf8)
            func number(_ start: Int, _ count: Int) -> Int64? {
                guard start + count <= bytes.count else { return nil }
                var value: Int64 = 0
                for byte in bytes[start..<start + count] {
                    guard (48...57).contains(byte) else { return nil }
                    value = value * 10 + Int64(byte - 48)
                }
                return value
            }
            guard bytes.count >= 20, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
                let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2),
                (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 60,
                bytes[4] == 45, bytes[7] == 45, bytes[10] == UInt8(ascii: "T"), bytes[13] == 58, bytes[16] == 58,
                day <= GoTimeSyntax.days(in: Int(month), of: Int(year))
            else { return nil }
            var at = 19
            var fraction: Int64 = 0
            if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
                at += 1
                var scale: Int64 = 100_000
                while at < bytes.count, (48...57).contains(bytes[at]) {
                    fraction += Int64(bytes[at] - 48) * scale
                    scale /= 10
                    at += 1
                }
            }
            guard at < bytes.count else { return nil }
            var offset: Int64 = 0
            if bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") {
                guard bytes.count == at + 6, let hours = number(at + 1, 2), let minutes = number(at + 4, 2) else {
                    return nil
                }
                offset = (hours * 3600 + minutes * 60) * (bytes[at] == UInt8(ascii: "-") ? -1 : 1)
            } else if bytes.count != at + 1 || bytes[at] != UInt8(ascii: "Z") {
                return nil
            }
            let days = Self.days(year: year, month: month, day: day)
            let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
            microseconds = seconds * 1_000_000 + fraction
        }

        public static func read(_ node: ManifestNode, _ context: FieldContext) -> Time? {
            // An unquoted timestamp is a string to kubectl's YAML library as well.
            guard let text = node.text else {
                context.wrongValue(node, goType: "string")
                return nil
            }
            if let time = Time(text) { return time }
            context.error(node, GoTimeSyntax.fault(text) ?? "parsing time \(JSONWriter.quoted(text))")
            return nil
        }

        public func written() -> ManifestNode { .string(text) }

        /// `2026-11-23T05:17:31Z`
        public var text: String {
            let (date, rest) = (Self.floorDivide(seconds, 86_400), seconds - Self.floorDivide(seconds, 86_400) * 86_400)
            let (year, month, day) = Self.date(days: date)
            return "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))T"
                + "\(Self.padded(rest / 3600, 2)):\(Self.padded(rest / 60 % 60, 2)):\(Self.padded(rest % 60, 2))Z"
        }

        static func padded(_ value: Int64, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }

        static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : -((-a + b - 1) / b) }

        /// Days since 1970-01-01 of the proleptic Gregorian calendar, years counted from March.
        public static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
            let y = month <= 2 ? year - 1 : year
            let era = floorDivide(y, 400)
            let yearOfEra = y - era * 400
            let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
            return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        }

        public static func date(days: Int64) -> (year: Int64, month: Int64, day: Int64) {
            let z = days + 719_468
            let era = floorDivide(z, 146_097)
            let dayOfEra = z - era * 146_097
            let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let m = (5 * dayOfYear + 2) / 153
            let month = m < 10 ? m + 3 : m - 9
            return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
        }
    }
}
