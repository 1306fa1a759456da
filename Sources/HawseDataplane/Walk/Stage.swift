/// Where a packet stands. The walk is a loop over these; each is one file with one function that returns the next.
///
///     receive ─┬─ bridge ports ─→ bridgeInput ─→ bridgeForward ─→ bridgeOutput ─→ transmit
///              │                       └→ (to the bridge itself) receive
///              ├─ ARP ─→ arp
///              └─ IP ─→ ipReceive ─→ prerouting ─→ route ─┬→ input ─→ deliver
///                                                         └→ forward ─→ postrouting ─→ fragment ─→ neighbour ─→ transmit
///     local packets ─→ output ─→ postrouting …
enum Stage: UInt8 {
    case receive
    case bridgeInput
    case bridgeForward
    case bridgeOutput
    case arp
    case ipReceive
    case prerouting
    case route
    case input
    case deliver
    case forward
    case output
    case postrouting
    case fragment
    case neighbour
    case transmit
    /// Finished; `Packet.disposition` says how.
    case done
    /// Owned by a queue (reassembly, neighbour resolution): not finished, not in the walk.
    case held
}
