import HawseCapture
import HawseDataplane
import HawseFormats
import HawseWire

/// Two configurations over the same traffic: which packets and flows fare differently.
public struct TrafficDiff {
    /// A conversation, by its first packet's direction.
    public struct Flow {
        /// With the protocol's number before it; `other traffic` for what is not IP.
        public var name: String
        public var packets = 0
        /// Ordinals from 1 of the packets that fare differently.
        public var differing: [Int] = []
    }

    public let left: TrafficSide
    public let right: TrafficSide
    public private(set) var flows: [Flow] = []
    private var numbers: [FlowTuple?: Int] = [:]
    private var flowOfPacket: [Int] = []

    public init(left: TrafficSide, right: TrafficSide) {
        self.left = left
        self.right = right
    }

    /// One packet, through both.
    public mutating func feed(_ record: CaptureRecord, captureInterface: String) {
        let flow = number(of: CapturedPacket(record)?.tuple)
        flows[flow].packets += 1
        flowOfPacket.append(flow)
        left.feed(record, captureInterface: captureInterface)
        right.feed(record, captureInterface: captureInterface)
    }

    private mutating func number(of tuple: FlowTuple?) -> Int {
        if let known = numbers[tuple] ?? tuple.flatMap({ numbers[$0.reversed] }) { return known }
        numbers[tuple] = flows.count
        flows.append(Flow(name: tuple.map { "\($0.ipProtocol.text) \($0)" } ?? "other traffic"))
        return flows.count - 1
    }

    /// Lets both sides come to rest and compares them. Ordinals, from 1, of the packets that fare differently.
    public mutating func finish(_ precision: PacketFate.Precision) -> [Int] {
        left.finish()
        right.finish()
        var differing: [Int] = []
        for packet in flowOfPacket.indices where !left.fates[packet].isLike(right.fates[packet], precision) {
            differing.append(packet + 1)
            flows[flowOfPacket[packet]].differing.append(packet + 1)
        }
        return differing
    }

    /// After how many packets timers did different things on the two sides; after `finish`.
    public func timedDifferences(_ precision: PacketFate.Precision) -> [Int] {
        Set(left.timed.keys).union(right.timed.keys).sorted().filter { place in
            !(left.timed[place] ?? PacketFate()).isLike(right.timed[place] ?? PacketFate(), precision)
        }
    }

    /// The flow of a packet by its ordinal from 1.
    public func flow(ofPacket ordinal: Int) -> Flow { flows[flowOfPacket[ordinal - 1]] }
}
