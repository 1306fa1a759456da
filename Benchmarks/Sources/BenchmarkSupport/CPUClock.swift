#if canImport(Glibc)
import Glibc
#endif

/// CPU time of this thread: what neighbours on the machine do not add to.
public enum CPUClock {
    public static func nanoseconds() -> Double { read(CLOCK_THREAD_CPUTIME_ID) }

    /// CPU time of all threads of the process together.
    public static func processNanoseconds() -> Double { read(CLOCK_PROCESS_CPUTIME_ID) }

    private static func read(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }

    /// Nanoseconds an item: the median of `rounds` runs, with the least and the most.
    public static func measure(rounds: Int = 7, items: Int, _ body: () -> Void) -> (median: Double, least: Double, most: Double) {
        body()
        var times: [Double] = []
        for _ in 0..<rounds {
            let start = nanoseconds()
            body()
            times.append((nanoseconds() - start) / Double(max(items, 1)))
        }
        times.sort()
        return (times[times.count / 2], times[0], times[times.count - 1])
    }
}
