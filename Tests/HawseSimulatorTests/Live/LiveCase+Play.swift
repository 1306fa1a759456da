import Foundation
import Glibc
import HawseSimulator

/// A frame for a device, or (`nil`) an IP packet that the node itself sends.
struct Injection {
    var device: String?
    var bytes: [UInt8]
    /// Instead of a packet: what is changed at the node (`ip …`, `bridge fdb …`, `sysctl …`).
    var command: String?
}

/// What goes on around a node: hosts that say something, and hear what leaves it.
protocol LiveTraffic: AnyObject {
    func next() -> [Injection]
    func hear(_ frames: [String: [[UInt8]]])
}

extension LiveCase {
    /// Copies of copies go round in the kernel until their lifetime is over (TEE to the node itself): not compared.
    struct Endless: Error {}

    static let release: String = {
        let text =
            FileManager.default.contents(atPath: "/proc/sys/kernel/osrelease").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return String(text.prefix { $0.isNumber || $0 == "." })
    }()

    /// Plays packets in the kernel's node and keeps them with all that leaves. Each waits `pause` microseconds. `nil` when
    /// it took longer than `limit` nanoseconds: the kernel's timers ran, whose ticks are not known here. `command` may run one in
    /// the node before any packet, and tells its words.
    mutating func play(
        _ traffic: some LiveTraffic, packets wanted: Int, in kernel: KernelNode, pause: UInt32 = 0, limit: Int64 = .max,
        command: (Int) -> String? = { _ in nil }
    ) throws -> Int? {
        let began = DispatchTime.now().uptimeNanoseconds
        let start: Int64 = 1_700_000_000_000_000_000
        var last: Int64 = 0
        var packets = 0
        _ = try kernel.settled()
        while packets < wanted {
            // A little behind what left last, before the next packet.
            if let line = command(packets) {
                setup.events.append(LiveSetup.Event(at: Double(start / 1_000_000_000) + Double(last + 25) / 1e6, cmd: line))
            }
            for injection in traffic.next() {
                // Whole microseconds, ten between any two: what leaves is stamped behind its cause.
                if pause > 0 { usleep(pause) }
                let elapsed = Int64(clamping: (DispatchTime.now().uptimeNanoseconds - began) / 1000)
                last = max(last + 50, elapsed)
                let time = start + last * 1000
                if let command = injection.command {
                    guard try kernel.carryOut(command) else { continue }
                    setup.events.append(LiveSetup.Event(at: Double(time / 1000) / 1e6, cmd: command))
                } else if let device = injection.device {
                    inputs[device, default: []].append(Frame(nanoseconds: time, bytes: injection.bytes))
                    try kernel.inject(injection.bytes, on: device)
                } else {
                    inputs["local", default: []].append(Frame(nanoseconds: time, bytes: injection.bytes))
                    kernel.sendLocal(injection.bytes)
                }
                packets += 1
                let output = try kernel.settled().mapValues { $0.filter { !Self.isLeftOut($0) } }
                guard output.values.map(\.count).reduce(0, +) < 60 else { throw Endless() }
                var count: Int64 = 0
                for (device, frames) in output.sorted(by: { $0.key < $1.key }) {
                    for frame in frames {
                        count += 1
                        outputs[device, default: []].append(Frame(nanoseconds: time + count * 1000, bytes: frame))
                    }
                }
                traffic.hear(output)
            }
        }
        return Int64(clamping: DispatchTime.now().uptimeNanoseconds - began) > limit ? nil : packets
    }

    /// Multicast listener messages, IGMP and router solicitations, as in the recordings; a tunnel's own too.
    static func isLeftOut(_ frame: [UInt8]) -> Bool {
        guard let received = Received(frame) else { return false }
        let frame = received.frame
        let inner = received.transport + 16
        if received.ipProtocol == 17, frame.count > inner, [[0x21, 0x18], [0x12, 0xb5]].contains(frame[received.transport + 2..<received.transport + 4]) {
            let carried = Array(frame[inner...])
            if carried.count > 13, carried[12] == 0x86 { return isLeftOut(carried) }
        }
        if !received.isIPv6 { return received.ipProtocol == 2 }
        // Those of the kernel have hop-by-hop options and nothing else in front.
        let next = frame[20] == 0 && frame.count > 54 ? frame[54] : frame[20]
        return next == 58 && received.ipProtocol == 58 && received.length > 0
            && ([130, 131, 132, 133, 143].contains(frame[received.transport]))
    }

    /// Writes the case and plays it here; what differs, or `nil`.
    func difference(keepingIn directory: String) throws -> String? {
        try write(to: directory)
        let report = GoldenCaseRun.verify(directory)
        guard report.result != .pass else { return nil }
        return "\(report.result.rawValue): \(report.why)"
    }
}
