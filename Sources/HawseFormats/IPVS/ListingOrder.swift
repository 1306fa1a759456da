import HawseModel
import HawseWire

/// ipvsadm's order of services (`ipvs_cmp_services`): mark, family, protocol, address, port. Negative: `a` first.
///
/// Marks and IPv4 addresses are compared by the sign of their 32-bit difference, so 192.0.2.1 stands before
/// 10.0.0.1: that order is no total one, and the way of sorting shows in the result.
func listingOrder(_ a: VirtualService, _ b: VirtualService) -> Int {
    let (left, right) = (ListingKey(a), ListingKey(b))
    if left.mark != right.mark { return difference(left.mark, right.mark) }
    if left.address.family != right.address.family {
        return left.address.family < right.address.family ? -1 : 1
    }
    if left.ipProtocol != right.ipProtocol { return Int(left.ipProtocol) - Int(right.ipProtocol) }
    return addressOrder(left.address, left.port, right.address, right.port)
}

/// `ipvs_cmp_dests`: address, port.
func listingOrder(_ a: Destination, _ b: Destination) -> Int {
    addressOrder(a.address, a.port, b.address, b.port)
}

private struct ListingKey {
    var mark: UInt32 = 0
    var ipProtocol: UInt8 = 0
    var address: IPAddress
    var port: UInt16 = 0

    init(_ service: VirtualService) {
        switch service.key {
        case .mark(let mark, let family):
            self.mark = mark
            address = .unspecified(family)
        case .address(let number, let address, let port):
            ipProtocol = number.rawValue
            self.address = address
            self.port = port
        }
    }
}

private func difference(_ a: UInt32, _ b: UInt32) -> Int { Int(Int32(bitPattern: a &- b)) }

/// By the words of the addresses, as many as the first one's family has; an IPv4 address is one word in front of zeros.
private func addressOrder(_ a: IPAddress, _ aPort: UInt16, _ b: IPAddress, _ bPort: UInt16) -> Int {
    let (left, right) = (words(a), words(b))
    for i in 0..<(a.family == .ipv6 ? 4 : 1) where left[i] != right[i] { return difference(left[i], right[i]) }
    return Int(aPort) - Int(bPort)
}

private func words(_ address: IPAddress) -> [UInt32] {
    if address.family == .ipv4 { return [address.bits.ipv4, 0, 0, 0] }
    let words = address.bits.words
    return [words.0, words.1, words.2, words.3]
}

/// The C library's merge sort, which a comparison that is no total order needs to be the same.
func listed<Element>(_ items: [Element], by order: (Element, Element) -> Int) -> [Element] {
    guard items.count > 1 else { return items }
    let half = items.count / 2
    let left = listed(Array(items[..<half]), by: order)
    let right = listed(Array(items[half...]), by: order)
    var merged: [Element] = []
    var (i, j) = (0, 0)
    while i < left.count, j < right.count {
        if order(left[i], right[j]) <= 0 {
            merged.append(left[i])
            i += 1
        } else {
            merged.append(right[j])
            j += 1
        }
    }
    return merged + left[i...] + right[j...]
}
