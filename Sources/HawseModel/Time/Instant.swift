/// A point in virtual time: nanoseconds since the Unix epoch. Capture stamps drive it; nothing reads a clock.
@frozen
public struct Instant: Hashable, Sendable, Comparable {
    public var nanoseconds: Int64

    @inlinable @inline(__always)
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    @inlinable
    public init(seconds: Int64, nanoseconds: Int64 = 0) {
        self.nanoseconds = seconds &* 1_000_000_000 &+ nanoseconds
    }

    @inlinable public static var zero: Instant { Instant(nanoseconds: 0) }
    @inlinable public static var distantFuture: Instant { Instant(nanoseconds: .max) }
    @inlinable public var seconds: Int64 { nanoseconds / 1_000_000_000 }

    @inlinable public static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates at `distantFuture`.
    @inlinable
    public static func + (a: Self, nanoseconds: Int64) -> Self {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? .distantFuture : Instant(nanoseconds: sum)
    }

    /// Nanoseconds from `b` to `a`.
    @inlinable
    public static func - (a: Self, b: Self) -> Int64 { a.nanoseconds &- b.nanoseconds }
}

extension Int64 {
    /// This many seconds, in nanoseconds.
    @inlinable public static func seconds(_ count: Int64) -> Int64 { count &* 1_000_000_000 }
    @inlinable public static func milliseconds(_ count: Int64) -> Int64 { count &* 1_000_000 }
}
