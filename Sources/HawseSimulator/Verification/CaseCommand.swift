import HawseDataplane
import HawseFormats
import HawseModel

/// Something that the program does not do: the case is reported as unsupported, with this reason.
struct Unsupported: Error, CustomStringConvertible {
    var description: String
}

/// Commands that a case ran in the node between packets.
enum CaseCommand {
    static func run(_ command: String, on dataplane: Dataplane) throws {
        throw Unsupported(description: "the command `\(command)'")
    }
}
