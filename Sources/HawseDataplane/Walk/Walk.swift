import HawseModel
import HawseWire

/// Whether the walk tells its story. A generic parameter, so that the silent walk pays nothing for it.
protocol Observer {
    static var isOn: Bool { get }
}

enum Plain: Observer {
    @inline(__always) static var isOn: Bool { false }
}

enum Traced: Observer {
    @inline(__always) static var isOn: Bool { true }
}

/// The packet's way through one node. A value around a pointer: stages are its methods, one file each.
struct Walk<Watch: Observer> {
    let node: UnsafeMutablePointer<NodeState>

    /// Runs one packet to its end: strictly in arrival order, one stage after the other.
    ///
    /// Packets made on the way (answers, errors, copies, decapsulated frames) are put on `node.work` and run
    /// afterwards: nothing calls backward.
    func run(_ packet: PacketRef) {
        var stage = packet.pointee.stage
        loop: while true {
            switch stage {
            case .receive: stage = receive(packet)
            case .bridgeInput: stage = bridgeInput(packet)
            case .bridgeForward: stage = bridgeForward(packet)
            case .bridgeOutput: stage = bridgeOutput(packet)
            case .arp: stage = arpReceive(packet)
            case .ipReceive: stage = ipReceive(packet)
            case .prerouting: stage = prerouting(packet)
            case .route: stage = routeInput(packet)
            case .input: stage = input(packet)
            case .deliver: stage = deliver(packet)
            case .forward: stage = forward(packet)
            case .output: stage = output(packet)
            case .postrouting: stage = postrouting(packet)
            case .fragment: stage = fragment(packet)
            case .neighbour: stage = resolveNeighbour(packet)
            case .transmit: stage = transmit(packet)
            case .held: return
            case .done: break loop
            }
        }
        finish(packet)
    }

    /// Runs everything on the work list, in the order in which it was put there.
    func drain() {
        while let packet = node.pointee.work.pop() {
            run(packet)
        }
    }

    /// The packet's end: count its outcome, release its connection and buffer.
    @inline(__always)
    func finish(_ packet: PacketRef) {
        if Watch.isOn { traceEnd(packet) }
        if node.pointee.flows.recorder.isOn { abandonRecording(of: packet) }
        node.pointee.outcomes.count(packet.pointee.disposition)
        releaseConnection(packet)
        if packet.pointee.fragmentGeometry != 0 { node.pointee.reassembly.release(packet.pointee.fragmentGeometry) }
        node.pointee.pool.give(back: packet)
    }

    /// Ends the packet with a reason: `return drop(packet, .noRoute)`.
    @inline(__always)
    func drop(_ packet: PacketRef, _ reason: DropReason) -> Stage {
        packet.pointee.disposition = .dropped(reason)
        return .done
    }

    @inline(__always)
    func end(_ packet: PacketRef, _ disposition: Disposition) -> Stage {
        packet.pointee.disposition = disposition
        return .done
    }

    /// Queues a packet that the node made, to run after the present one. Bounded: an answer to an answer to an answer … ends.
    func enqueue(_ packet: PacketRef, causedBy parent: PacketRef?, stage: Stage) {
        packet.pointee.stage = stage
        if let parent {
            packet.pointee.generation = parent.pointee.generation &+ 1
            packet.pointee.cause = parent.pointee.cause
        } else {
            packet.pointee.cause = node.pointee.frameOrdinal
        }
        voidRecording()
        guard packet.pointee.generation < 16, node.pointee.work.push(packet) else {
            packet.pointee.disposition = .dropped(.loop)
            finish(packet)
            return
        }
    }
}
