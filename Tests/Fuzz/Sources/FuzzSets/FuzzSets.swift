import FuzzDriver
import Hawse

/// ipset text: what is printed of the sets read must read as the same sets.
@main enum FuzzSets {
    static func main() { drive(run) }

    private static let run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { data, count in
        let text = FuzzDriver.text(data, count)
        let found = IPSetParser().diagnose(text)
        _ = IPSetParser(isRecorded: true).diagnose(text)
        for set in found.text.sets { _ = IPSetPrinter().text([set.completed]) }
        guard let read = try? IPSetParser().parseText(text) else { return 0 }
        precondition(read.text == text, "the text is not kept")
        return 0
    }
}
