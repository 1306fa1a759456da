import HawseModel
import HawseWire

/// What is added to SYNPROXY's first numbers, by client and server: a recording is played with the numbers that the kernel's key gave.
/// Off (and without memory) unless somebody asks for it.
struct CookieShifts {
    private struct Row: BitwiseCopyable {
        var source: AddressBits
        var destination: AddressBits
        var ports: UInt32
        var shift: UInt32
    }

    private static let capacity = 256
    private var rows: UnsafeMutablePointer<Row>?
    private var count = 0

    func deallocate() { rows?.deallocate() }

    mutating func add(_ source: AddressBits, _ destination: AddressBits, _ ports: UInt32, _ shift: UInt32) {
        guard count < Self.capacity else { return }
        let rows = rows ?? .allocate(capacity: Self.capacity)
        self.rows = rows
        rows[count] = Row(source: source, destination: destination, ports: ports, shift: shift)
        count += 1
    }

    /// Of a packet from the client.
    func shift(_ packet: PacketRef) -> UInt32 {
        guard let rows else { return 0 }
        let ports = UInt32(packet.tcp.sourcePort) << 16 | UInt32(packet.tcp.destinationPort)
        for row in UnsafeBufferPointer(start: rows, count: count)
        where row.ports == ports && row.source == packet.sourceBits && row.destination == packet.destinationBits {
            return row.shift
        }
        return 0
    }
}

extension Dataplane {
    /// Before the first packet: adds to the first numbers that SYNPROXY tells a client on behalf of a server.
    public func shiftCookies(
        from client: IPAddress, port clientPort: UInt16, to server: IPAddress, port serverPort: UInt16, by shift: UInt32
    ) {
        node.pointee.cookieShifts.add(
            client.bits, server.bits, UInt32(clientPort) << 16 | UInt32(serverPort), shift)
    }
}
