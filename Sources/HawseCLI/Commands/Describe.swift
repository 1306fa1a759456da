import ArgumentParser
import Hawse

struct Describe: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "One simulated object in detail, with what happened to it.",
        discussion: """
              hawse describe -f cluster/ service web
              hawse describe -f cluster/ pods -l app=web
            """)

    @OptionGroup var input: ResourceInput

    func run() throws {
        let (state, refusals) = try input.state()
        let (text, messages) = ResourceDescription.text(try input.query(state), of: state)
        var out = StandardOutput()
        out.write(text)
        out.flush()
        for message in messages { StandardError.write("\(message)\n") }
        if text.isEmpty { throw Failure.no() }
        try refusals.conclude()
    }
}
