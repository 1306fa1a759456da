import HawseDataplane
import HawseFormats
import HawseModel

/// The texts that real tools would print of a node's present state.
enum CaseStates {
    /// `name` as in expect/, without a snapshot number.
    static func text(_ name: String, _ dataplane: Dataplane) throws -> String {
        switch name {
        case "conntrack": return ConntrackPrinter.timelessListing(dataplane.connections())
        default: throw Unsupported(description: "expect/\(name)")
        }
    }

    /// One line of states.jsonl.
    static func observation(_ dataplane: Dataplane, _ observation: CaseObservation) -> String { "" }
}
