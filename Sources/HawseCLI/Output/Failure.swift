/// An end of the program with a reason and one of the contract's exit codes.
struct Failure: Error, CustomStringConvertible {
    /// Empty: everything was said already.
    var message: String
    var code: Int32
    var description: String { message }

    /// The answer is "no": a case fails, outputs differ.
    static func no(_ message: String = "") -> Failure { Failure(message: message, code: 1) }
    /// Usage or input error; nothing was produced.
    static func input(_ message: String) -> Failure { Failure(message: message, code: 2) }
    /// The input is damaged; what could be done was done.
    static func damaged(_ message: String) -> Failure { Failure(message: message, code: 3) }
    /// Interrupted; the partial summary was written.
    static let interrupted = Failure(message: "", code: 130)
}
