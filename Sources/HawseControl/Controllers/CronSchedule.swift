/// The cron grammar of `robfig/cron/v3` as CronJobs use it: five fields, names of months and days, lists, ranges,
/// steps, and `@hourly` and friends.
public struct CronSchedule: Sendable, Hashable {
    public enum Failure: Error, Sendable, Hashable {
        case message(String)
        public var text: String { if case .message(let text) = self { text } else { "" } }
    }

    var minutes: UInt64
    var hours: UInt64
    var days: UInt64
    var months: UInt64
    var weekdays: UInt64
    var anyDay: Bool
    var anyWeekday: Bool
    /// `@every`: a fixed distance in seconds instead of the fields.
    var every: Int64?

    private static let macros = [
        "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
        "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
    ]
    private static let monthNames = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]
    private static let dayNames = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]

    public init(_ text: String) throws(Failure) {
        guard !text.isEmpty else { throw .message("empty spec string") }
        var spec = text
        if text.hasPrefix("@") {
            if text.hasPrefix("@every ") {
                guard let seconds = Self.duration(String(text.dropFirst(7))) else {
                    throw .message("failed to parse duration \(text): time: invalid duration \"\(text.dropFirst(7))\"")
                }
                (minutes, hours, days, months, weekdays) = (0, 0, 0, 0, 0)
                (anyDay, anyWeekday) = (false, false)
                every = max(1, seconds)
                return
            }
            guard let macro = Self.macros[text] else { throw .message("unrecognized descriptor: \(text)") }
            spec = macro
        }
        let fields = spec.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
        guard fields.count == 5 else {
            throw .message("expected exactly 5 fields, found \(fields.count): [\(fields.joined(separator: " "))]")
        }
        minutes = try Self.bits(fields[0], 0...59)
        hours = try Self.bits(fields[1], 0...23)
        days = try Self.bits(fields[2], 1...31)
        months = try Self.bits(fields[3], 1...12, names: Self.monthNames, firstName: 1)
        weekdays = try Self.bits(fields[4], 0...6, names: Self.dayNames, firstName: 0)
        anyDay = fields[2].hasPrefix("*") || fields[2].hasPrefix("?")
        anyWeekday = fields[4].hasPrefix("*") || fields[4].hasPrefix("?")
    }

    private static func duration(_ text: String) -> Int64? {
        let units: [Character: Int64] = ["h": 3600, "m": 60, "s": 1]
        var total: Int64 = 0
        var number: Int64?
        for character in text {
            if let digit = character.wholeNumberValue, character.isASCII {
                guard (number ?? 0) < 1_000_000_000 else { return nil }
                number = (number ?? 0) * 10 + Int64(digit)
            } else if let unit = units[character], let value = number {
                total += value * unit
                number = nil
            } else {
                return nil
            }
        }
        return number == nil && !text.isEmpty ? total : nil
    }

    private static func bits(
        _ field: String, _ range: ClosedRange<Int>, names: [String] = [], firstName: Int = 0
    ) throws(Failure) -> UInt64 {
        var result: UInt64 = 0
        for part in field.split(separator: ",", omittingEmptySubsequences: false) {
            result |= try bits(part: String(part), range, names, firstName)
        }
        return result
    }

    private static func bits(
        part: String, _ range: ClosedRange<Int>, _ names: [String], _ firstName: Int
    ) throws(Failure) -> UInt64 {
        let halves = part.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard halves.count <= 2 else { throw .message("too many slashes: \(part)") }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        func number(_ word: String) throws(Failure) -> Int {
            if let index = names.firstIndex(of: word.lowercased()) { return index + firstName }
            guard let value = Int(word), !word.hasPrefix("+") else {
                throw .message("failed to parse int from \(word): strconv.Atoi: parsing \"\(word)\": invalid syntax")
            }
            guard value >= 0 else { throw .message("negative number (\(value)) not allowed: \(word)") }
            return value
        }
        var start = range.lowerBound
        var end = range.upperBound
        if halves[0] != "*", halves[0] != "?" {
            start = try number(ends[0])
            switch ends.count {
            case 1: end = halves.count == 2 ? range.upperBound : start
            case 2: end = try number(ends[1])
            default: throw .message("too many hyphens: \(part)")
            }
        }
        var step = 1
        if halves.count == 2 {
            step = try number(halves[1])
            if step == 0 { throw .message("step of range should be a positive number: \(part)") }
        }
        if start < range.lowerBound {
            throw .message("beginning of range (\(start)) below minimum (\(range.lowerBound)): \(part)")
        }
        if end > range.upperBound {
            throw .message("end of range (\(end)) above maximum (\(range.upperBound)): \(part)")
        }
        if start > end { throw .message("beginning of range (\(start)) beyond end of range (\(end)): \(part)") }
        return stride(from: start, through: end, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    private func matchesDay(_ day: Int64, _ weekday: Int64) -> Bool {
        let dayMatch = days >> UInt64(day) & 1 == 1
        let weekMatch = weekdays >> UInt64(weekday) & 1 == 1
        return anyDay || anyWeekday ? dayMatch && weekMatch : dayMatch || weekMatch
    }

    /// The first time after `time`, in seconds since 1970; `offset` gives a zone's distance from UTC at an instant.
    /// Nil when there is none within five years.
    public func next(after time: Int64, offset: (Int64) -> Int64 = { _ in 0 }) -> Int64? {
        if let every { return time + every }
        let local = time + offset(time)
        var minute = Kubernetes.Time.floorDivide(local, 60) + 1
        let last = minute + 5 * 366 * 1440
        while minute < last {
            let day = Kubernetes.Time.floorDivide(minute, 1440)
            let date = Kubernetes.Time.date(days: day)
            let weekday = ((day + 4) % 7 + 7) % 7
            if months >> UInt64(date.month) & 1 == 0 || !matchesDay(date.day, weekday) {
                minute = (day + 1) * 1440
                continue
            }
            let ofDay = minute - day * 1440
            if hours >> UInt64(ofDay / 60) & 1 == 0 {
                minute = day * 1440 + (ofDay / 60 + 1) * 60
                continue
            }
            if minutes >> UInt64(ofDay % 60) & 1 == 1, let instant = Self.instant(minute * 60, offset), instant > time {
                return instant
            }
            minute += 1
        }
        return nil
    }

    /// The instant of a local time; nil when the clocks skip it.
    private static func instant(_ local: Int64, _ offset: (Int64) -> Int64) -> Int64? {
        for guess in [local - offset(local), local - offset(local - offset(local))] where guess + offset(guess) == local {
            return guess
        }
        return nil
    }
}
