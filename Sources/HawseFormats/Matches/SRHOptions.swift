import HawseModel
import HawseWire

/// `-m srh`
struct SRHOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("srh-next-hdr", inverts: true),
        .init("srh-hdr-len-eq", inverts: true),
        .init("srh-hdr-len-gt", inverts: true),
        .init("srh-hdr-len-lt", inverts: true),
        .init("srh-segs-left-eq", inverts: true),
        .init("srh-segs-left-gt", inverts: true),
        .init("srh-segs-left-lt", inverts: true),
        .init("srh-last-entry-eq", inverts: true),
        .init("srh-last-entry-gt", inverts: true),
        .init("srh-last-entry-lt", inverts: true),
        .init("srh-tag", inverts: true),
        .init("srh-psid", inverts: true),
        .init("srh-nsid", inverts: true),
        .init("srh-lsid", inverts: true),
    ]

    var match = SRHMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "srh-next-hdr": match.nextHeader = Flagged(try argument.uint8(), inverted: argument.inverted)
        case "srh-tag": match.tag = Flagged(try argument.uint16(), inverted: argument.inverted)
        case "srh-psid": match.previousSegment = try argument.addressMatch()
        case "srh-nsid": match.nextSegment = try argument.addressMatch()
        case "srh-lsid": match.lastSegment = try argument.addressMatch()
        default:
            let operators: KeyValuePairs<String, SRHMatch.Comparison.Operator> = [
                "eq": .equal, "gt": .greaterThan, "lt": .lessThan,
            ]
            let comparison = SRHMatch.Comparison(
                try argument.word(operators, String(argument.option.suffix(2))), try argument.uint8(),
                inverted: argument.inverted)
            if argument.option.hasPrefix("srh-hdr-len") {
                match.headerLength.appendSharing(comparison)
            } else if argument.option.hasPrefix("srh-segs-left") {
                match.segmentsLeft.appendSharing(comparison)
            } else {
                match.lastEntry.appendSharing(comparison)
            }
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .srh(match)
    }
}

extension SRHMatch {
    func write(to out: inout OptionText) {
        if let nextHeader { out.option("srh-next-hdr", nextHeader.value, inverted: nextHeader.inverted) }
        writeComparisons("srh-hdr-len", headerLength, to: &out)
        writeComparisons("srh-segs-left", segmentsLeft, to: &out)
        writeComparisons("srh-last-entry", lastEntry, to: &out)
        if let tag { out.option("srh-tag", tag.value, inverted: tag.inverted) }
        for (option, match) in [
            ("srh-psid", previousSegment), ("srh-nsid", nextSegment), ("srh-lsid", lastSegment),
        ] {
            if let match { out.option(option, match.text, inverted: match.inverted) }
        }
    }

    private func writeComparisons(_ option: String, _ list: [Comparison], to out: inout OptionText) {
        for (wanted, suffix) in [(Comparison.Operator.equal, "eq"), (.greaterThan, "gt"), (.lessThan, "lt")] {
            for item in list where item.comparison == wanted {
                out.option("\(option)-\(suffix)", item.value, inverted: item.inverted)
            }
        }
    }
}

extension [SRHMatch.Comparison] {
    /// The kernel has one value for all comparisons of a field: the last one written.
    fileprivate mutating func appendSharing(_ comparison: SRHMatch.Comparison) {
        for i in indices { self[i].value = comparison.value }
        append(comparison)
    }
}
