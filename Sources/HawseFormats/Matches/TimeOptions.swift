import HawseModel
import HawseWire

/// `-m time`
struct TimeOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("datestart"),
        .init("datestop"),
        .init("timestart"),
        .init("timestop"),
        .init("monthdays", inverts: true),
        .init("weekdays", inverts: true),
        .init("contiguous", arguments: .none),
        .init("kerneltz", arguments: .none),
        .init("localtz", arguments: .none, excludes: ["utc"]),
        .init("utc", arguments: .none, excludes: ["localtz"]),
    ]

    var match = TimeMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "datestart": match.dateStart = try date(argument)
        case "datestop": match.dateStop = try date(argument)
        case "timestart": match.dayStart = try daytime(argument)
        case "timestop": match.dayStop = try daytime(argument)
        case "monthdays": match.monthDays = try monthDays(argument)
        case "weekdays": match.weekDays = try weekDays(argument)
        case "contiguous": match.isContiguous = true
        case "kerneltz", "localtz": match.usesKernelTimeZone = true
        default: break
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        guard !match.isContiguous || match.dayStart > match.dayStop else {
            throw context.refuse(
                "time: --contiguous only makes sense when stoptime is smaller than starttime")
        }
        return .time(match)
    }
}

extension TimeMatch {
    func write(to out: inout OptionText) {
        if dayStart != 0 || dayStop != 86399 {
            out.option("timestart", daytimeText(dayStart))
            out.option("timestop", daytimeText(dayStop))
        }
        if monthDays != 0xffff_fffe {
            out.option(
                "monthdays",
                (1...31).filter { monthDays >> $0 & 1 == 1 }.map { String($0) }.joined(separator: ","))
        }
        if weekDays != 0xfe {
            out.option(
                "weekdays",
                weekdayNames.indices.filter { weekDays >> ($0 + 1) & 1 == 1 }.map { weekdayNames[$0] }.joined(
                    separator: ","))
        }
        if dateStart != 0 { out.option("datestart", dateText(dateStart)) }
        if dateStop != 0 { out.option("datestop", dateText(dateStop)) }
        if usesKernelTimeZone { out.flag("kerneltz") }
        if isContiguous { out.flag("contiguous") }
    }
}

private let weekdayNames = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]

/// Days from 1970-01-01 to a date of the Gregorian calendar (H. Hinnant's method).
private func days(year: Int, month: Int, day: Int) -> Int {
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}

private func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let z = days + 719_468
    let era = z / 146_097
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let m = (5 * dayOfYear + 2) / 153
    let month = m < 10 ? m + 3 : m - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * m + 2) / 5 + 1)
}

/// `YYYY[-MM[-DD[Thh[:mm[:ss]]]]]`, UTC.
private func date(_ argument: OptionArgument) throws(FormatError) -> UInt32 {
    let wrong = argument.bad("YYYY[-MM[-DD[Thh[:mm[:ss]]]]] from 1970 to 2038 is wanted")
    let halves = argument.text.split(separator: "T", maxSplits: 1, omittingEmptySubsequences: false)
    let dateParts = halves[0].split(separator: "-", omittingEmptySubsequences: false).map {
        parseDecimal($0, max: 9999)
    }
    let timeParts =
        halves.count == 2
        ? halves[1].split(separator: ":", omittingEmptySubsequences: false).map { parseDecimal($0, max: 59) }
        : []
    guard (1...3).contains(dateParts.count), timeParts.count <= 3, halves.count == 1 || dateParts.count == 3
    else { throw wrong }
    var fields = [0, 1, 1, 0, 0, 0]
    for (i, part) in dateParts.enumerated() {
        guard let part else { throw wrong }
        fields[i] = Int(part)
    }
    for (i, part) in timeParts.enumerated() {
        guard let part else { throw wrong }
        fields[3 + i] = Int(part)
    }
    guard (1970...2038).contains(fields[0]), (1...12).contains(fields[1]), (1...31).contains(fields[2]),
        fields[3] < 24
    else { throw wrong }
    let seconds =
        days(year: fields[0], month: fields[1], day: fields[2]) * 86400 + fields[3] * 3600 + fields[4] * 60
        + fields[5]
    guard seconds <= Int(Int32.max) else { throw wrong }
    return UInt32(seconds)
}

/// `hh:mm[:ss]`
private func daytime(_ argument: OptionArgument) throws(FormatError) -> UInt32 {
    let parts = argument.text.split(separator: ":", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { parseDecimal($0, max: 59) }
    guard (2...3).contains(parts.count), numbers.count == parts.count, numbers[0] < 24 else {
        throw argument.bad("hh:mm[:ss] is wanted")
    }
    return UInt32(numbers[0] * 3600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0))
}

private func monthDays(_ argument: OptionArgument) throws(FormatError) -> UInt32 {
    var set: UInt32 = 0
    for item in argument.text.split(separator: ",") {
        set |= 1 << UInt32(try argument.number(item, min: 1, max: 31))
    }
    return argument.inverted ? set ^ 0xffff_fffe : set
}

private func weekDays(_ argument: OptionArgument) throws(FormatError) -> UInt8 {
    var set: UInt8 = 0
    for item in argument.text.split(separator: ",") {
        // The first two letters say which day.
        if let index = weekdayNames.firstIndex(where: { item.hasPrefix($0.prefix(2)) }) {
            set |= 1 << UInt8(index + 1)
        } else {
            set |= 1 << UInt8(try argument.number(item, min: 1, max: 7))
        }
    }
    return argument.inverted ? set ^ 0xfe : set
}

private func daytimeText(_ seconds: UInt32) -> String {
    [seconds / 3600, seconds / 60 % 60, seconds % 60].map { paddedText($0, width: 2) }.joined(separator: ":")
}

private func dateText(_ seconds: UInt32) -> String {
    let (year, month, day) = civil(days: Int(seconds / 86400))
    return "\(paddedText(year, width: 4))-\(paddedText(month, width: 2))-\(paddedText(day, width: 2))T"
        + daytimeText(seconds % 86400)
}
