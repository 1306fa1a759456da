import HawseModel

/// `-m time` (`time_mt`), in UTC: the simulated node's kernel time zone is UTC as well.
struct TimeOperation: MatchOperation {
    static let day: Int64 = 86_400

    var dateStart: Int64
    var dateStop: Int64
    var dayStart: Int64
    var dayStop: Int64
    var monthDays: UInt32
    var weekDays: UInt8
    var isContiguous: Bool

    init(_ match: TimeMatch) {
        dateStart = Int64(match.dateStart)
        dateStop = Int64(match.dateStop)
        dayStart = Int64(match.dayStart)
        dayStop = Int64(match.dayStop)
        monthDays = match.monthDays
        weekDays = match.weekDays
        isContiguous = match.isContiguous
    }

    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool {
        let test = operation.pointee
        var stamp = context.node.pointee.now.seconds
        guard stamp >= test.dateStart, stamp <= test.dateStop else { return false }
        let time = stamp % day
        if test.dayStart < test.dayStop {
            guard time >= test.dayStart, time <= test.dayStop else { return false }
        } else {
            if time < test.dayStart, time > test.dayStop { return false }
            // A span over midnight belongs to the day on which it began.
            if test.isContiguous, time <= test.dayStop { stamp -= day }
        }
        let days = stamp / day
        let weekDay = (4 + days) % 7
        guard test.weekDays & (1 << UInt8(weekDay == 0 ? 7 : weekDay)) != 0 else { return false }
        return test.monthDays == 0xffff_fffe || test.monthDays & (1 << UInt32(monthDay(days))) != 0
    }

    /// Day of the month, 1…31, of a day counted from 1 January 1970.
    private static func monthDay(_ days: Int64) -> Int64 {
        // Days are counted from 1 March 2000, so that leap days end a year of the four-hundred-year cycle.
        let shifted = days + 719_468
        let dayOfEra = shifted - (shifted >= 0 ? shifted : shifted - 146_096) / 146_097 * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        return dayOfYear - (153 * month + 2) / 5 + 1
    }
}
