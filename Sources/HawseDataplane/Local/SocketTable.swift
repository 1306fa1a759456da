import HawseModel
import HawseWire

/// Ports with somebody listening.
struct SocketTable {
    var listeners: [Listener]
    init(_ listeners: [Listener]) { self.listeners = listeners }

    /// Index of the listener that takes a packet, or `nil`.
    func find(ipProtocol: IPProtocol, family: AddressFamily, address: AddressBits, port: UInt16) -> Int? {
        listeners.firstIndex {
            $0.ipProtocol == ipProtocol && $0.family == family && $0.port == port
                && ($0.address == nil || $0.address?.bits == address)
        }
    }
}
