/// `-m time` (`xt_time`).
public struct TimeMatch: Hashable, Sendable {
    /// Seconds since the epoch.
    public var dateStart: UInt32
    /// Seconds since the epoch; the largest signed number: never.
    public var dateStop: UInt32
    /// Seconds of the day.
    public var dayStart: UInt32
    /// Seconds of the day.
    public var dayStop: UInt32
    /// Bit n: day n of the month, 1…31.
    public var monthDays: UInt32
    /// Bit n: day n of the week, Monday 1 … Sunday 7.
    public var weekDays: UInt8
    /// A span over midnight is one span.
    public var isContiguous: Bool
    public var usesKernelTimeZone: Bool

    public init(
        dateStart: UInt32 = 0, dateStop: UInt32 = 0x7fff_ffff, dayStart: UInt32 = 0, dayStop: UInt32 = 86399,
        monthDays: UInt32 = 0xffff_fffe, weekDays: UInt8 = 0xfe, isContiguous: Bool = false,
        usesKernelTimeZone: Bool = false
    ) {
        self.dateStart = dateStart
        self.dateStop = dateStop
        self.dayStart = dayStart
        self.dayStop = dayStop
        self.monthDays = monthDays
        self.weekDays = weekDays
        self.isContiguous = isContiguous
        self.usesKernelTimeZone = usesKernelTimeZone
    }
}
