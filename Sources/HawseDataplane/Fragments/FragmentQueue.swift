import HawseModel
import HawseWire

/// Who puts a datagram together (`enum ip_defrag_users`): each has queues of its own.
enum DefragUser: UInt8 {
    case conntrackIn = 0
    case conntrackOut
    case bridgeIn
    case localDeliver
}

/// What fragments of one datagram have in common (`struct frag_v4_compare_key`, `frag_v6_compare_key`).
struct FragmentKey: Hashable {
    var source: AddressBits
    var destination: AddressBits
    var identification: UInt32
    /// IPv4 only: IPv6 has it behind the fragment header.
    var ipProtocol: IPProtocol
    var version: UInt8
    var user: DefragUser
    /// IPv6, multicast and link-local destinations: the incoming device.
    var interface: UInt16
}

/// A held fragment. `offset` and `count`: where its bytes belong in the datagram's payload; `payload`: where they are
/// in the packet's buffer.
struct HeldFragment {
    var packet: PacketRef
    var offset: Int
    var count: Int
    var payload: Int32
}

/// The fragments of one datagram, waiting for the rest (`struct inet_frag_queue`).
struct FragmentQueue {
    /// A stretch of fragments that came in order.
    struct Run {
        var offset: Int
        var count: Int
    }

    enum Insertion { case ok, duplicate, overlap }

    var key: FragmentKey
    /// By offset.
    var fragments: [HeldFragment] = []
    private var runs: [Run] = []
    /// Payload bytes of the datagram as far as they are known, and how many are here.
    var length = 0
    var received = 0
    var hasFirst = false
    var hasLast = false
    /// Largest fragment: IPv4 with its header, IPv6 the payload length field. And the largest with DF.
    var maximumSize = 0
    var maximumDFSize = 0
    /// ECN code points seen, one bit each.
    var ecn: UInt8 = 0
    var interface: UInt16 = 0
    /// IPv6: where, from the IP header, the next-header byte stands that names the fragment header.
    var nextHeaderOffset = 6
    var bytes = 0
    /// How many fragments of this source had come when the last of this queue did (`rid`).
    var peerCount: UInt32 = 0

    init(key: FragmentKey) { self.key = key }

    var isComplete: Bool { hasFirst && hasLast && received == length }

    /// Notes the range `offset..<end` (`inet_frag_queue_insert`): an exact or contained duplicate is ignored, any
    /// other overlap spoils the datagram (RFC 5722).
    mutating func insert(offset: Int, end: Int) -> Insertion {
        guard let last = runs.last else {
            runs.append(Run(offset: offset, count: end - offset))
            return .ok
        }
        let lastEnd = last.offset + last.count
        if lastEnd < end {
            if offset < lastEnd { return .overlap }
            if offset == lastEnd {
                runs[runs.count - 1].count += end - offset
            } else {
                runs.append(Run(offset: offset, count: end - offset))
            }
            return .ok
        }
        var low = 0
        var high = runs.count
        while low < high {
            let middle = (low + high) / 2
            let run = runs[middle]
            if end <= run.offset {
                high = middle
            } else if offset >= run.offset + run.count {
                low = middle + 1
            } else {
                return offset >= run.offset && end <= run.offset + run.count ? .duplicate : .overlap
            }
        }
        runs.insert(Run(offset: offset, count: end - offset), at: low)
        return .ok
    }

    mutating func add(_ fragment: HeldFragment) {
        var index = fragments.count
        while index > 0, fragments[index - 1].offset > fragment.offset { index -= 1 }
        fragments.insert(fragment, at: index)
        received += fragment.count
        bytes += Int(fragment.packet.pointee.capacity)
        if fragment.offset == 0 { hasFirst = true }
    }

    /// `ip_frag_ecn_table`: what the datagram's ECN field gets ORed in; `nil` when some fragments were
    /// ECN-capable and others not (RFC 3168 section 5.3).
    var combinedECN: UInt8? {
        let notCapable: UInt8 = 1
        let congested: UInt8 = 8
        if ecn & notCapable != 0 { return ecn == notCapable ? 0 : nil }
        return ecn & congested != 0 && ecn != congested ? 3 : 0
    }
}
