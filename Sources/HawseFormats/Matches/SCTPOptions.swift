import HawseModel
import HawseWire

/// `-m sctp`
struct SCTPOptions: MatchOptions {
    static let words: [OptionWord] = [
        .init("source-port", "sport", inverts: true),
        .init("destination-port", "dport", inverts: true),
        .init("chunk-types", arguments: .two, inverts: true),
    ]

    var match = SCTPMatch()

    init(family: AddressFamily) {}

    mutating func take(_ argument: OptionArgument) throws(FormatError) {
        switch argument.option {
        case "source-port": match.sourcePorts = try argument.portRange(named: false)
        case "destination-port": match.destinationPorts = try argument.portRange(named: false)
        default:
            let scope: SCTPMatch.Scope = try argument.word(["any": .any, "all": .all, "only": .only])
            match.chunks = SCTPMatch.Chunks(
                scope: scope, types: try chunks(argument), inverted: argument.inverted)
        }
    }

    func finish(_ context: RuleContext) throws(FormatError) -> Match {
        return .sctp(match)
    }
}

extension SCTPMatch {
    func write(to out: inout OptionText) {
        out.givenRange("sport", sourcePorts)
        out.givenRange("dport", destinationPorts)
        guard let chunks else { return }
        out.flag("chunk-types", inverted: chunks.inverted)
        out.raw([.any: " any ", .all: " all ", .only: " only "][chunks.scope] ?? " ")
        if chunks.types.count == 256 {
            out.raw("ALL")
        } else if chunks.types.isEmpty {
            out.raw("NONE")
        } else {
            out.raw(chunks.types.map(chunkText).joined(separator: ","))
        }
    }
}

private let chunkWords: KeyValuePairs<String, UInt8> = [
    "DATA": 0, "INIT": 1, "INIT_ACK": 2, "SACK": 3, "HEARTBEAT": 4, "HEARTBEAT_ACK": 5, "ABORT": 6,
    "SHUTDOWN": 7,
    "SHUTDOWN_ACK": 8, "ERROR": 9, "COOKIE_ECHO": 10, "COOKIE_ACK": 11, "ECN_ECNE": 12, "ECN_CWR": 13,
    "SHUTDOWN_COMPLETE": 14, "I_DATA": 64, "RE_CONFIG": 130, "PAD": 132, "ASCONF": 193, "ASCONF_ACK": 128,
    "FORWARD_TSN": 192, "I_FORWARD_TSN": 194,
]

/// Letters of the chunk flags from bit 0, where a type has any; upper case is set, lower case is clear.
private let chunkFlags: [UInt8: [Character]] = [0: ["E", "B", "U", "I"], 6: ["T"], 14: ["T"]]

/// `INIT,DATA:Be,…`
private func chunks(_ argument: OptionArgument) throws(FormatError) -> [SCTPMatch.Chunk] {
    if argument.second.uppercased() == "ALL" { return (0...255).map { SCTPMatch.Chunk(type: UInt8($0)) } }
    if argument.second.uppercased() == "NONE" { return [] }
    var found: [SCTPMatch.Chunk] = []
    for item in argument.second.split(separator: ",") {
        let parts = item.split(separator: ":", maxSplits: 1)
        guard let name = parts.first else { throw argument.bad("chunk types are wanted") }
        var chunk = SCTPMatch.Chunk(type: try argument.word(chunkWords, String(name)))
        for letter in parts.count == 2 ? Array(parts[1]) : [] {
            guard let upper = letter.uppercased().first,
                let bit = chunkFlags[chunk.type]?.firstIndex(of: upper)
            else { throw argument.refuse("chunk type \(name) has no flag `\(letter)'") }
            chunk.flagMask |= 1 << UInt8(bit)
            if letter == upper { chunk.flags |= 1 << UInt8(bit) }
        }
        found.removeAll { $0.type == chunk.type }
        found.append(chunk)
    }
    return found.sorted { $0.type < $1.type }
}

private func chunkText(_ chunk: SCTPMatch.Chunk) -> String {
    let name = chunkWords.first { $0.value == chunk.type }?.key ?? "UNKNOWN"
    guard chunk.flagMask != 0, let letters = chunkFlags[chunk.type] else { return name }
    var text = name + ":"
    for bit in letters.indices.reversed() where chunk.flagMask >> UInt8(bit) & 1 == 1 {
        text += chunk.flags >> UInt8(bit) & 1 == 1 ? String(letters[bit]) : letters[bit].lowercased()
    }
    return text
}
