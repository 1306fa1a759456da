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
        anyDay = Self.isAny(fields[2])
        anyWeekday = Self.isAny(fields[4])
    }

    /// A star restricts nothing; one with a step, such as `*/2`, does.
    private static func isAny(_ field: String) -> Bool {
        field.split(separator: ",").contains { part in
            let halves = part.split(separator: "/")
            return (halves[0] == "*" || halves[0] == "?") && (halves.count == 1 || Int(halves[1]) == 1)
        }
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
    ///
    /// Days and months are walked by the calendar, hours and minutes in real time, as `SpecSchedule.Next` does: an hour
    /// that the clocks skip never comes, one that they repeat comes twice.
    public func next(after time: Int64, offset: (Int64) -> Int64 = { _ in 0 }) -> Int64? {
        if let every { return time + every }
        var clock = Clock(time + 1, offset)
        let lastYear = clock.year + 5
        var isCut = false
        search: while clock.year <= lastYear {
            while months >> UInt64(clock.month) & 1 == 0 {
                if !isCut { clock.cutToMonth(offset) }
                isCut = true
                clock.nextMonth(offset)
                if clock.month == 1 { continue search }
            }
            while !matchesDay(clock.day, clock.weekday) {
                if !isCut { clock.cutToDay(offset) }
                isCut = true
                clock.nextDay(offset)
                if clock.day == 1 { continue search }
            }
            while hours >> UInt64(clock.hour) & 1 == 0 {
                if !isCut { clock.cutToHour(offset) }
                isCut = true
                clock.advance(3600, offset)
                if clock.hour == 0 { continue search }
            }
            while minutes >> UInt64(clock.minute) & 1 == 0 {
                clock.advance(60 - clock.second, offset)
                isCut = true
                if clock.minute == 0 { continue search }
            }
            if clock.second != 0 {
                clock.advance(60 - clock.second, offset)
                isCut = true
                continue search
            }
            return clock.instant
        }
        return nil
    }

    /// An instant and what a clock in the zone shows at it.
    private struct Clock {
        private(set) var instant: Int64
        private(set) var year: Int64 = 0
        private(set) var month: Int64 = 0
        private(set) var day: Int64 = 0
        private var ofDay: Int64 = 0
        private var days: Int64 = 0

        var hour: Int64 { ofDay / 3600 }
        var minute: Int64 { ofDay / 60 % 60 }
        var second: Int64 { ofDay % 60 }
        var weekday: Int64 { ((days + 4) % 7 + 7) % 7 }

        init(_ instant: Int64, _ offset: (Int64) -> Int64) {
            self.instant = instant
            advance(0, offset)
        }

        mutating func advance(_ seconds: Int64, _ offset: (Int64) -> Int64) {
            instant += seconds
            let local = instant + offset(instant)
            days = Kubernetes.Time.floorDivide(local, 86400)
            ofDay = local - days * 86400
            let date = Kubernetes.Time.date(days: days)
            (year, month, day) = (date.year, date.month, date.day)
        }

        /// The instant of a local time. One that the clocks skip is taken as if they had not been changed yet.
        private mutating func set(local: Int64, _ offset: (Int64) -> Int64) {
            let guess = offset(local)
            let utc = local - guess
            let actual = offset(utc)
            instant = local - (actual == guess ? guess : actual)
            advance(0, offset)
        }

        mutating func cutToHour(_ offset: (Int64) -> Int64) {
            set(local: days * 86400 + hour * 3600, offset)
        }

        mutating func cutToDay(_ offset: (Int64) -> Int64) { set(local: days * 86400, offset) }

        mutating func cutToMonth(_ offset: (Int64) -> Int64) { set(local: (days - day + 1) * 86400, offset) }

        mutating func nextMonth(_ offset: (Int64) -> Int64) {
            let first = Kubernetes.Time.days(year: month == 12 ? year + 1 : year, month: month % 12 + 1, day: 1)
            set(local: first * 86400 + ofDay, offset)
        }

        /// The same time a day later. Where the clocks skip midnight, an hour is added or taken away.
        mutating func nextDay(_ offset: (Int64) -> Int64) {
            set(local: (days + 1) * 86400 + ofDay, offset)
            if hour > 12 { advance((24 - hour) * 3600, offset) } else if hour > 0 { advance(-hour * 3600, offset) }
        }
    }
}
