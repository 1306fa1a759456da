import HawseModel
import HawseWire

extension Dataplane {
    /// The node's own processes, played by somebody outside: asked with each TCP and UDP packet for the node that no
    /// listed socket takes, and told of ICMP errors. `true`: a process has taken it; else it is refused as by the kernel.
    /// What a process sends goes by `send`.
    public var processes: ((UnsafeRawBufferPointer) -> Bool)? {
        get { node.pointee.processes }
        set { node.pointee.processes = newValue }
    }

    /// The address that a socket of the node gets when it is connected to a destination; `nil`: there is no way.
    public func sourceAddress(to destination: IPAddress) -> IPAddress? {
        let walk = Walk<Plain>(node: node)
        let route = walk.lookupOutput(
            family: destination.family, source: .zero, destination: destination.bits, mark: 0, tos: 0, out: 0)
        guard walk.isUsable(route), !route.source.isZero else { return nil }
        return IPAddress(family: destination.family, bits: route.source)
    }
}

extension Walk {
    /// Whether a process that somebody plays takes the packet.
    @inline(never)
    func isTakenByProcess(_ packet: PacketRef) -> Bool {
        guard let processes = node.pointee.processes else { return false }
        return processes(UnsafeRawBufferPointer(start: packet.networkPointer, count: packet.length))
    }
}
