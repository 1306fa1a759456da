import HawseModel

/// The ports and identifiers that NAT has drawn, and what it shall draw instead: a recording is played with its own draws.
/// Off (and without memory) unless somebody asks for it.
struct PortDraws {
    static let capacity = 4096
    private var chosen: UnsafeMutablePointer<PortDraw>?
    private var wanted: UnsafeMutablePointer<Int32>?
    private(set) var count = 0

    func deallocate() {
        chosen?.deallocate()
        wanted?.deallocate()
    }

    /// `values`: by number of the draw, counted from 0.
    mutating func follow(_ values: [Int: UInt16]) {
        deallocate()
        chosen = .allocate(capacity: Self.capacity)
        chosen?.initialize(repeating: PortDraw(), count: Self.capacity)
        wanted = .allocate(capacity: Self.capacity)
        wanted?.initialize(repeating: -1, count: Self.capacity)
        count = 0
        for (number, value) in values where (0..<Self.capacity).contains(number) { wanted?[number] = Int32(value) }
    }

    /// A draw begins: its number, and what is wanted of it (-1: anything).
    @inline(__always)
    mutating func begin() -> (number: Int, wanted: Int32) {
        guard let wanted, count < Self.capacity else { return (-1, -1) }
        count += 1
        return (count - 1, wanted[count - 1])
    }

    @inline(__always)
    func note(_ number: Int, _ port: UInt16, at now: Instant) {
        if number >= 0 { chosen?[number] = PortDraw(port: port, time: now) }
    }

    var all: [PortDraw] { chosen.map { Array(UnsafeBufferPointer(start: $0, count: count)) } ?? [] }
}

/// A port or identifier (host order) that NAT has drawn, and when. Port 0: all that it might have taken were taken.
public struct PortDraw: BitwiseCopyable, Sendable {
    public var port: UInt16 = 0
    public var time: Instant = .zero
}

extension Dataplane {
    /// Lets NAT draw the given ports and identifiers, by number of the draw from 0, and its own for the rest. Before the
    /// first packet; `drawnPorts` tells what was drawn.
    public func drawPorts(as values: [Int: UInt16]) { node.pointee.portDraws.follow(values) }

    /// What NAT has drawn since `drawPorts(as:)`, in order.
    public var drawnPorts: [PortDraw] { node.pointee.portDraws.all }
}
