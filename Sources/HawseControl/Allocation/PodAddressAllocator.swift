import HawseWire

/// Pod addresses of one node's range: the lowest free one, from .2 (.1 is the bridge).
struct PodAddressAllocator: Sendable {
    let range: IPPrefix
    private var used: Set<AddressBits> = []
    private var next: UInt64 = 2

    init(range: IPPrefix) { self.range = range.network }

    mutating func reserve(_ address: IPAddress) {
        if range.contains(address) { used.insert(address.bits) }
    }

    mutating func allocate() -> IPAddress? {
        let last = range.last.bits
        var offset = next
        while true {
            let bits = range.address.bits.adding(offset)
            let isBroadcast = range.family == .ipv4 && bits == last
            guard bits <= last, !isBroadcast else { return nil }
            offset += 1
            if used.insert(bits).inserted {
                next = offset
                return IPAddress(family: range.family, bits: bits)
            }
        }
    }

    mutating func release(_ address: IPAddress) {
        guard range.contains(address), used.remove(address.bits) != nil else { return }
        let offset = address.bits.low &- range.address.bits.low
        next = min(next, max(2, offset))
    }
}
