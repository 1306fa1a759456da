/// A set's name and which of the packet's sides give each of its dimensions.
public struct SetReference: Hashable, Sendable {
    public enum Side: UInt8, Hashable, Sendable { case source, destination }

    public var name: String
    /// One to six.
    public var sides: [Side]

    public init(name: String, sides: [Side]) {
        self.name = name
        self.sides = sides
    }
}
