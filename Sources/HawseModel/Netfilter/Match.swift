/// An extension match (`-m`), one case and one file in `Matches/` each. The payload is what the kernel would be told.
public indirect enum Match: Hashable, Sendable {
    case addrtype(AddrtypeMatch)
    case comment(String)
    case conntrack(ConntrackMatch)
    case mark(MarkMatch)
    case statistic(StatisticMatch)
    case tcp(TCPMatch)
    case udp(UDPMatch)
}
