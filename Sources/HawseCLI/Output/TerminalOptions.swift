import ArgumentParser

#if canImport(Glibc)
import Glibc
#endif

/// Colour and progress: only on a terminal unless asked for.
struct TerminalOptions: ParsableArguments {
    enum When: String, ExpressibleByArgument, CaseIterable { case auto, always, never }
    enum ProgressStyle: String, ExpressibleByArgument, CaseIterable { case auto, plain, none }

    @Option(help: "auto, always or never; NO_COLOR is honoured.")
    var color: When = .auto

    @Option(help: "auto, plain (a line now and then) or none.")
    var progress: ProgressStyle = .auto

    var usesColor: Bool {
        switch color {
        case .always: return true
        case .never: return false
        case .auto:
            if let value = getenv("NO_COLOR"), value[0] != 0 { return false }
            if let value = getenv("CLICOLOR_FORCE"), value[0] != 0, value[0] != UInt8(ascii: "0") { return true }
            if let term = getenv("TERM"), String(cString: term) == "dumb" { return false }
            return isatty(1) == 1
        }
    }
}

/// A bar on stderr for long work: after a second, at most ten times a second; or a line every ten seconds.
struct Progress {
    private let style: TerminalOptions.ProgressStyle
    private let start = Progress.clock()
    private var last = Progress.clock()
    private var shown = false
    private var countdown = 4096

    init(_ options: TerminalOptions) { style = options.progress }

    private static func clock() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Called for each packet, or each `count` of them; looks at the clock now and then.
    mutating func step(_ packets: Int, by count: Int = 1, fraction: @autoclosure () -> Double?) {
        countdown -= count
        guard countdown <= 0 else { return }
        countdown = 4096
        let now = Progress.clock()
        let isBar = style == .auto && StandardError.isTerminal
        guard isBar ? now - start > 1 && now - last > 0.1 : style == .plain && now - last > 10 else { return }
        last = now
        let share = fraction().map { " \(Int($0 * 100)) %" } ?? ""
        let rate = Int(Double(packets) / max(0.001, now - start))
        StandardError.write(isBar ? "\r\(packets) packets\(share), \(rate) a second\u{1b}[K" : "\(packets) packets\(share)\n")
        shown = isBar
    }

    mutating func finish() {
        if shown { StandardError.write("\r\u{1b}[K") }
        shown = false
    }
}

/// Colours by meaning; empty when switched off.
struct Palette {
    let isOn: Bool
    private func code(_ text: String, _ number: String) -> String { isOn ? "\u{1b}[\(number)m\(text)\u{1b}[0m" : text }
    func strong(_ text: String) -> String { code(text, "1") }
    func good(_ text: String) -> String { code(text, "32") }
    func bad(_ text: String) -> String { code(text, "31") }
    func changed(_ text: String) -> String { code(text, "33") }
    func faint(_ text: String) -> String { code(text, "2") }
}
