import HawseModel
import Testing

@Suite struct InstantTests {
    @Test func secondsAndNanoseconds() {
        let time = Instant(seconds: 5, nanoseconds: 250)
        #expect(time.nanoseconds == 5_000_000_250)
        #expect(time.seconds == 5)
        #expect(time + .milliseconds(3) - time == 3_000_000)
        #expect(Instant.zero < time && time < .distantFuture)
    }

    @Test func additionStopsAtTheDistantFuture() {
        #expect(Instant(nanoseconds: .max - 5) + 6 == .distantFuture)
        #expect(Instant.distantFuture + .seconds(1) == .distantFuture)
    }
}
