/// Why the running host could not be read.
public struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var reason: String
    public var description: String { "\(operation): \(reason)" }
}
