/// What `ipvsadm -Lnc` prints, its second column apart: seconds may have just passed, and the kernel's buckets have no order.
struct TimerListing {
    private var rows: [(text: String, seconds: Int)] = []

    init(_ text: String) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", omittingEmptySubsequences: false)
            guard let at = words.firstIndex(where: { $0.contains(":") }), let seconds = Self.seconds(words[at]) else {
                rows.append((String(line), 0))
                continue
            }
            var blank = words
            blank[at] = "mm:ss"
            rows.append((blank.joined(separator: " "), seconds))
        }
        rows.sort { ($0.text, $0.seconds) < ($1.text, $1.seconds) }
    }

    private static func seconds(_ word: Substring) -> Int? {
        let parts = word.split(separator: ":")
        guard parts.count == 2, let minutes = Int(parts[0]), let seconds = Int(parts[1]) else { return nil }
        return minutes * 60 + seconds
    }

    /// Blanks count; a second more or less does not.
    func difference(_ other: TimerListing) -> String? {
        for i in 0..<max(rows.count, other.rows.count) {
            let wanted = i < rows.count ? rows[i] : ("(nothing)", 0)
            let got = i < other.rows.count ? other.rows[i] : ("(nothing)", 0)
            guard wanted.0 == got.0, abs(wanted.1 - got.1) <= 1 else {
                return "expected `\(wanted.0)' with \(wanted.1) s; produced `\(got.0)' with \(got.1) s"
            }
        }
        return nil
    }
}
