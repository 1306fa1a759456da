import Testing

@testable import HawseCapture

@Suite struct LiveCaptureTests {
    @Test func anUnknownDeviceIsRefused() {
        var failed: LiveCaptureError?
        do throws(LiveCaptureError) { _ = try LiveCapture(device: "nosuchdevice0") } catch { failed = error }
        #expect(failed?.device == "nosuchdevice0")
        #expect(failed?.reason.isEmpty == false)
    }

    /// A frame sent on the loopback comes back; without the capability to open it, the error says just that.
    @Test(.timeLimit(.minutes(1))) func aFrameSentIsCaptured() throws {
        var options = LiveCaptureOptions()
        options.filter = "ether proto 0x88b5"
        let capture: LiveCapture
        do throws(LiveCaptureError) {
            capture = try LiveCapture(device: "lo", options: options)
        } catch {
            #expect(error.isPermissionDenied, "\(error)")
            return
        }
        #expect(capture.linkType == .ethernet)
        let frame = [UInt8](repeating: 0, count: 12) + [0x88, 0xb5] + (0..<50).map { UInt8($0) }
        try frame.withUnsafeBytes { try capture.send($0) }
        for _ in 0..<100 {
            guard case .packet(let record) = try capture.next() else { continue }
            #expect(Array(record.bytes) == frame)
            #expect(record.timestamp > 1_600_000_000_000_000_000)
            #expect(record.number == 1)
            #expect(try capture.statistics().received >= 1)
            capture.stop()
            guard case .stopped = try capture.next() else {
                Issue.record("stop() had no effect")
                return
            }
            return
        }
        Issue.record("the frame never came")
    }

    @Test func wrongFiltersAreRefused() throws {
        var options = LiveCaptureOptions()
        options.filter = "nonsense ("
        #expect(throws: LiveCaptureError.self) { _ = try LiveCapture(device: "lo", options: options) }
    }
}
