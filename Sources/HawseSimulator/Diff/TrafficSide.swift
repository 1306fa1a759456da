import HawseCapture
import HawseDataplane
import HawseModel
import HawseWire

/// One of the two configurations: a node or a cluster, and what it did with each packet so far.
public final class TrafficSide {
    private enum Machine {
        case node(NodeReplay)
        case cluster(ClusterReplay)
    }

    private let machine: Machine
    /// By the packet's ordinal in the capture, from 0.
    public private(set) var fates: [PacketFate] = []
    /// What timers made of packets that had come before, by how many of the capture's those are: neighbours given up, errors
    /// sent late.
    public private(set) var timed: [Int: PacketFate] = [:]
    /// The capture's clock is being moved: what happens is no doing of the next packet.
    private var isBetween = false
    /// By what a node counts (`TraceEvent.cause`), from 0: the record that it came from.
    private var origins: [Int] = []
    private var dropped: [DropReason: UInt64] = [:]
    private var delivered: UInt64 = 0

    public init(_ replay: NodeReplay) { machine = .node(replay) }

    public init(_ replay: ClusterReplay) {
        machine = .cluster(replay)
        replay.onArrival = { [unowned self] endpoint, frame in arrived(endpoint, frame, replay.cluster.plan) }
    }

    /// The next packet of the capture, at its time.
    public func feed(_ record: CaptureRecord, captureInterface: String) {
        if !fates.isEmpty { advance(to: Instant(nanoseconds: record.timestamp)) }
        fates.append(PacketFate())
        switch machine {
        case .node(let replay):
            replay.feed(record, captureInterface: captureInterface)
            while origins.count < replay.entered { origins.append(fates.count - 1) }
            takeOutputs(replay.dataplane)
        case .cluster(let replay):
            replay.feed(record)
        }
        takeOutcomes()
    }

    /// Packets that wait for a neighbour give up within seconds.
    public func finish() {
        guard !fates.isEmpty else { return }
        switch machine {
        case .node(let replay): advance(to: replay.dataplane.now + .seconds(5))
        case .cluster(let replay): advance(to: replay.cluster.now + .seconds(5))
        }
    }

    /// Lets time pass, and the timers with it. A node's frames belong to the packets that caused them all the same.
    private func advance(to time: Instant) {
        isBetween = true
        defer { isBetween = false }
        switch machine {
        case .node(let replay):
            replay.advance(to: time)
            takeOutputs(replay.dataplane)
        case .cluster(let replay): replay.cluster.advance(to: time)
        }
        takeOutcomes()
    }

    private func add(_ end: String, target: String = "", frame: [UInt8] = []) {
        if isBetween {
            timed[fates.count, default: PacketFate()].add(end, target: target, frame: frame)
        } else if let last = fates.indices.last {
            fates[last].add(end, target: target, frame: frame)
        }
    }

    /// A frame belongs to the packet that caused it, which may have waited for an answer.
    private func takeOutputs(_ dataplane: Dataplane) {
        dataplane.takeOutputs { frame in
            let cause = Int(clamping: frame.cause) - 1
            guard origins.indices.contains(cause) else { return }
            let number = origins[cause]
            let bytes = Array(frame.bytes)
            let name = dataplane.interfaceName(frame.interface)
            let target = CapturedPacket(Array(bytes.dropFirst(14)))?.tuple.description ?? ""
            let end = PacketFate.answer(bytes).map { "\($0) by \(name)" } ?? "out by \(name)"
            fates[number].add(end, target: target, frame: bytes)
        }
    }

    private func arrived(_ endpoint: Cluster.Endpoint, _ frame: [UInt8], _ plan: ClusterPlan) {
        let answer = PacketFate.answer(frame)
        switch endpoint {
        case .pod(let number):
            let pod = plan.pods[number]
            add(answer ?? "at a pod", target: "\(pod.namespace)/\(pod.name)", frame: frame)
        case .outside:
            let target = CapturedPacket(Array(frame.dropFirst(14)))?.tuple.description ?? ""
            add(answer ?? "outside", target: target, frame: frame)
        }
    }

    /// What was delivered to a node's own processes or dropped since the last packet.
    private func takeOutcomes() {
        guard let last = fates.indices.last else { return }
        var drops: [DropReason: UInt64] = [:]
        var taken: UInt64 = 0
        for counts in outcomes {
            drops.merge(counts.dropped) { $0 + $1 }
            taken += counts.delivered
        }
        if taken > delivered, isBetween || fates[last].ends.isEmpty { add("at the node") }
        for (reason, count) in drops.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where count > dropped[reason] ?? 0 {
            add("dropped: \(reason.rawValue)")
        }
        dropped = drops
        delivered = taken
    }

    private var outcomes: [OutcomeCounts] {
        switch machine {
        case .node(let replay): [replay.dataplane.outcomes]
        case .cluster(let replay): replay.cluster.builtNodes.map(\.dataplane.outcomes)
        }
    }
}
