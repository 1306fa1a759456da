extension Packet {
    /// What `struct sk_buff` keeps in bits of its own and of the protocols' control blocks.
    struct Flags: OptionSet {
        let rawValue: UInt32
        /// The node made it, or a local process sent it.
        static let local = Flags(rawValue: 1 << 0)
        /// In the bridge, not the IP stack: the hooks see it by br_netfilter.
        static let bridged = Flags(rawValue: 1 << 1)
        /// DNAT of a bridged frame towards another address: `BRNF_BRIDGED_DNAT`.
        static let bridgedDNAT = Flags(rawValue: 1 << 2)
        /// IPVS has rewritten it (`skb->ipvs_property`).
        static let ipvs = Flags(rawValue: 1 << 3)
        /// It went through FORWARD (`IPSKB_FORWARDED`).
        static let forwarded = Flags(rawValue: 1 << 4)
        /// The TRACE target or the caller asked for its story.
        static let traced = Flags(rawValue: 1 << 5)
        /// Forwarded, but on a route like those of the node's own packets (`ip_route_me_harder`).
        static let rerouted = Flags(rawValue: 1 << 6)
        /// Some fragment carried DF (`IPSKB_FRAG_PMTU`).
        static let fragmentDF = Flags(rawValue: 1 << 7)
        /// A copy made by TEE.
        static let duplicated = Flags(rawValue: 1 << 8)
        /// The frame is a clone whose bytes belong to it alone.
        static let hasEthernet = Flags(rawValue: 1 << 9)
        /// IPv6 jumbo or GSO frame: IP length 0, or larger than the MTU though it was captured whole.
        static let gso = Flags(rawValue: 1 << 10)
        /// The fast path has shown it to the tracker already, which refused it: it is INVALID.
        static let tracked = Flags(rawValue: 1 << 11)
        /// br_netfilter already ran PREROUTING for it: the IP stack skips the hook.
        static let preroutingDone = Flags(rawValue: 1 << 12)
        /// Sent to the loopback device: its route was decided on the way out.
        static let loopback = Flags(rawValue: 1 << 13)
        /// The bridged packet arrived with bridge-nf-call, and `physIn` holds.
        static let physdev = Flags(rawValue: 1 << 14)
        /// IPVS has seen to the MTU: output may cut it whatever DF says (`skb->ignore_df`).
        static let ignoreDF = Flags(rawValue: 1 << 15)
        /// IPVS has put it together while it was forwarded: it may not be cut again where its fragments had DF.
        static let gatheredInForward = Flags(rawValue: 1 << 16)

        /// TEE is sending it, or something that comes of it: it is not copied (`in_nf_duplicate`) until a device takes it.
        static let withinCopy = Flags(rawValue: 1 << 17)
        /// ICMP is sending it, or something that comes of it: no ICMP error is sent until a device or a queue takes it
        /// (`icmp_xmit_lock`, `icmpv6_xmit_lock`: there is one socket).
        static let withinICMP = Flags(rawValue: 1 << 18)
        /// Ends where the stack's calls do: a device or a queue has the packet.
        static let whileCalling: Flags = [.withinCopy, .withinICMP]

        // What is known of the transport checksum (`skb->ip_summed`, `skb->csum_valid`). Without one of these it is what conntrack
        // has left (`isVerified`, `isSummed`), or nothing: then the bytes are added up.

        /// `CHECKSUM_PARTIAL`: a device completes it. Nobody adds it up before, and who quotes a segment of the node's own quotes
        /// the sum of its pseudo header. Set on resets and SYN proxy segments, and on ICMPv6 errors that IPVS has rewritten.
        static let checksumPartial = Flags(rawValue: 1 << 19)
        /// `CHECKSUM_COMPLETE` of a copy of what conntrack had verified: nobody in OUTPUT holds it against the addresses.
        static let checksumComplete = Flags(rawValue: 1 << 20)
        /// `csum_valid`: found right, without a connection, just before SNPT or DNPT changed an address. The sum over the whole
        /// packet, which is what is looked at later, has not changed by that.
        static let checksumValid = Flags(rawValue: 1 << 21)
        /// `CHECKSUM_UNNECESSARY`: an ICMPv6 error whose sum NAT has held against its addresses in PREROUTING or INPUT, with what
        /// conntrack had left: nobody looks again, not even behind FORWARD.
        static let checksumUnnecessary = Flags(rawValue: 1 << 22)
    }
}
