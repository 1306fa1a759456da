/// What became of one golden case.
public struct CaseReport: Hashable, Sendable {
    public enum Result: String, Hashable, Sendable {
        case pass, fail
        /// Something in the case's set-up is not understood; it was not run.
        case unsupported
    }

    /// `suite/name`.
    public var name: String
    public var result: Result
    /// The first divergence, or what is not supported. Empty for a pass.
    public var why: String

    public init(name: String, result: Result, why: String = "") {
        self.name = name
        self.result = result
        self.why = why
    }
}
