import HawseModel
import HawseWire

extension Dataplane {
    /// The connections that helpers foresee (`conntrack -L expect`), the latest first.
    public func expectations() -> [ExpectationListing] {
        let now = node.pointee.now
        return node.pointee.connections.expectations.entries.compactMap { expectation in
            guard expectation.timeout > now, let master = node.pointee.connections.live(expectation.master),
                let listing = node.pointee.connections.listing(master, now: now)
            else { return nil }
            let tuple = expectation.tuple
            return ExpectationListing(
                ipProtocol: tuple.ipProtocol,
                timeout: UInt32(clamping: (expectation.timeout - now) / 1_000_000_000),
                source: IPAddress(family: tuple.family, bits: tuple.source),
                destination: IPAddress(family: tuple.family, bits: tuple.destination), sourcePort: tuple.sourcePort,
                destinationPort: tuple.destinationPort, master: listing.original,
                helper: listing.helper ?? "")
        }
    }
}
