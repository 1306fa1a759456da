import ArgumentParser
import Hawse

/// A mistyped command or option, which the parser tells only after everything else that is wrong.
enum UnknownWord {
    /// What is said of the first one among a command line's words.
    static func first(in arguments: [String]) -> String? {
        var command: any ParsableCommand.Type = HawseCommand.self
        var rest = arguments[...]
        while let word = rest.first, !word.hasPrefix("-"), !command.configuration.subcommands.isEmpty {
            let names = command.configuration.subcommands.map { $0._commandName }
            guard let place = names.firstIndex(of: word) else {
                return word == "help" ? nil : "There is no command '\(word)'" + hint(nearestWord(word, among: names + ["help"]))
            }
            command = command.configuration.subcommands[place]
            rest = rest.dropFirst()
        }
        let known = options(of: command)
        for word in rest.prefix(while: { $0 != "--" }) where word.hasPrefix("--") {
            let name = String(word.prefix { $0 != "=" })
            if !known.contains(name) { return "Unknown option '\(name)'" + hint(nearestWord(name, among: known.sorted())) }
        }
        return nil
    }

    private static func hint(_ word: String?) -> String { word.map { " (did you mean '\($0)'?)" } ?? "" }

    /// All long options that the help speaks of.
    private static func options(of command: any ParsableCommand.Type) -> Set<String> {
        let help = HawseCommand.helpMessage(for: command, includeHidden: true, columns: 400)
        let words = help.split { !($0.isLetter || $0.isNumber || $0 == "-") }
        return Set(words.filter { $0.hasPrefix("--") }.map(String.init)).union(["--help", "--help-hidden", "--version"])
    }
}
