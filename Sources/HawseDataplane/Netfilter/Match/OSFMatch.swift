import HawseModel

/// `-m osf` (`xt_osf_match_packet`): as in a kernel into which no fingerprints were loaded, no packet is known.
struct OSFOperation: MatchOperation {
    static func matches(_ operation: UnsafeMutablePointer<Self>, _ context: inout RuleContext) -> Bool { false }
}
