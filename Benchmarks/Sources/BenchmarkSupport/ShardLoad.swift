import Hawse

/// Packets of established flows for shards, or for one: the same frames, whoever has them.
public final class ShardLoad {
    public let shards: DataplaneShards
    private let bytes: UnsafeMutableRawBufferPointer
    private let frames: UnsafeMutableBufferPointer<InputFrame>
    private var now: Instant

    public init(_ spec: NodeSpec, shards count: Int, from load: EstablishedLoad, seed: UInt64 = 1) throws {
        shards = try DataplaneShards(spec, count: count, seed: seed)
        now = Instant(seconds: 1_000)
        bytes = .allocate(byteCount: max(load.traffic.bytes.count, 1), alignment: 64)
        bytes.copyBytes(from: load.traffic.bytes)
        frames = .allocate(capacity: load.traffic.count)
        for (index, item) in load.traffic.items.enumerated() {
            let frame = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[item.offset..<(item.offset + item.length)])
            frames.initializeElement(at: index, to: InputFrame(bytes: frame, interface: item.interface, time: now))
        }
        now = load.opening.play(through: shards, from: now)
        shards.keepsOutputs = false
    }

    deinit {
        frames.deallocate()
        bytes.deallocate()
    }

    public var count: Int { frames.count }

    /// The frames' next stamps; not part of a round, so that it is in nobody's time.
    public func prepare() {
        for index in frames.indices {
            now = now + 100
            frames[index].time = now
        }
    }

    /// Plays all packets once.
    public func round() { shards.receive(UnsafeBufferPointer(frames)) }
}

extension Traffic {
    /// Puts everything through shards once.
    public func play(through shards: DataplaneShards, from start: Instant) -> Instant {
        var now = start
        bytes.withUnsafeBytes { raw in
            let batch = items.map { item in
                now = now + 1000
                return InputFrame(
                    bytes: UnsafeRawBufferPointer(rebasing: raw[item.offset..<(item.offset + item.length)]),
                    interface: item.interface, time: now)
            }
            batch.withUnsafeBufferPointer { shards.receive($0) }
        }
        return now
    }
}
