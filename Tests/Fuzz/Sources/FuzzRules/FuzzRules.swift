import FuzzDriver
import Hawse

/// iptables text: what is read must be printed in a form that reads as the same rules.
@main enum FuzzRules {
    static func main() { drive(run) }

    private static let run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { data, count in
        let text = FuzzDriver.text(data, count)
        for family in [AddressFamily.ipv4, .ipv6] {
            let parser = IPTablesParser(family: family)
            _ = parser.diagnose(text)
            guard let read = try? parser.parseText(text) else { continue }
            precondition(read.text == text, "the text is not kept")
            _ = IPTablesPrinter(counters: true).text(read.rules)
        }
        return 0
    }
}
