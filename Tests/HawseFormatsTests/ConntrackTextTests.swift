import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct ConntrackTextTests {
    @Test func everyRecordedEntryIsPrintedAgain() throws {
        let paths = Recordings.files { $0.contains("/expect/conntrack") }
        #expect(paths.count > 430)
        var count = 0
        for path in paths {
            for line in try Recordings.text(path).split(separator: "\n") {
                let connection = try ConntrackParser(file: path).line(line)
                // The ipvs suites were recorded with one blank between words.
                let printed =
                    line.contains("  ")
                    ? ConntrackPrinter.line(connection) : ConntrackPrinter.compactLine(connection)
                #expect(printed == line, "\(path)")
                count += 1
            }
        }
        #expect(count > 1000)
    }

    @Test func timersCountersAndPlainForm() throws {
        let line =
            "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.96.0.1 sport=4000 dport=443 packets=7 bytes=600 "
            + "src=10.0.0.9 dst=10.0.0.1 sport=6443 dport=4000 packets=5 bytes=900 [ASSURED] mark=16384 zone=3 helper=ftp use=2"
        let connection = try ConntrackParser().line(line)
        #expect(connection.timeout == 431_999)
        #expect(connection.original.counters == Counters(packets: 7, bytes: 600))
        #expect(connection.zone == 3)
        #expect(ConntrackPrinter.line(connection) == line)
        let plain = try ConntrackParser().line(String(line.dropFirst(11)))
        #expect(plain == connection)
    }

    @Test(arguments: [
        ("ipv4 2 tcp 6 src=10.0.0.1", 1, "`dst=' is wanted"),
        ("ipv4 2 tcp 600 src=10.0.0.1 dst=10.0.0.2", 12, "`600' is no protocol"),
        ("ipv4 10 tcp 6", 6, "ipv4 has another number"),
        (
            "ipv4 2 udp 17 src=10.0.0.1 dst=10.0.0.2 sport=1 dport=70000", 49,
            "`dport=70000' has no number up to 65535"
        ),
    ])
    func refusals(line: String, column: Int, message: String) {
        #expect(throws: FormatError(file: "conntrack", line: 1, column: column, message: message)) {
            try ConntrackParser().line(line)
        }
    }

    @Test func deletion() throws {
        let command = try ConntrackCommand(
            commandLine: "conntrack -D -f ipv4 -p udp --orig-dst 10.96.0.10 --orig-port-dst 53 -m 0x1/0xff")
        var filter = ConnectionFilter()
        filter.family = .ipv4
        filter.ipProtocol = .udp
        filter.originalDestination = IPPrefix("10.96.0.10")
        filter.originalDestinationPort = 53
        filter.mark = (1, 255)
        #expect(command == .delete(filter))
        #expect(
            throws: FormatError(
                file: "command", line: 1, column: 14, message: "unknown option `--orig-prt-dst'",
                suggestion: "--orig-port-dst")
        ) { try ConntrackCommand(commandLine: "conntrack -D --orig-prt-dst 5") }
    }
}
