/// `-m connbytes` (`xt_connbytes`).
public struct ConnbytesMatch: Hashable, Sendable {
    public enum Direction: UInt8, Hashable, Sendable { case original, reply, both }
    public enum Mode: UInt8, Hashable, Sendable { case packets, bytes, averagePacket }

    /// Packets, bytes or bytes a packet.
    public var count: ValueRange<UInt64>
    public var direction: Direction
    public var mode: Mode

    public init(count: ValueRange<UInt64>, direction: Direction, mode: Mode) {
        self.count = count
        self.direction = direction
        self.mode = mode
    }
}
