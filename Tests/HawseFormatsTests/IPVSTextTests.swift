import HawseFormats
import HawseModel
import HawseWire
import Testing

@Suite struct IPVSTextTests {
    @Test func everyRecordedListingIsPrintedAgain() throws {
        let paths = Recordings.files { path in
            let name = path.split(separator: "/").last ?? ""
            return path.contains("/expect/ipvs")
                && (name == "ipvs"
                    || ["ipvs-list", "ipvs-thresholds", "ipvs-persistent"].contains { name.hasPrefix($0) })
        }
        #expect(paths.count > 700)
        for path in paths {
            let text = try Recordings.text(path)
            let read = try #require(IPVSListingText(text), "\(path)")
            let exact = read.format == .stats
            for printer in [
                IPVSListingPrinter(read.format, exact: exact),
                IPVSListingPrinter(read.format, exact: exact, sorted: false),
            ] {
                let printed = printer.text(read.listing)
                #expect(firstDifference(text, printed) == nil, "\(path)")
            }
        }
    }

    @Test func everyRecordedCommandIsRead() throws {
        let paths = Recordings.files { $0.hasSuffix("/ipvs") && !$0.contains("/expect/") }
        #expect(paths.count > 170)
        for path in paths {
            let text = try Recordings.text(path)
            let spec = try IPVSAdmParser(file: path).parse(text)
            #expect(!spec.services.isEmpty)
            // What is printed of them stands for the same servers.
            var again = ""
            for service in spec.services {
                again += IPVSAdmPrinter().addLine(service) + "\n"
                for destination in service.destinations {
                    again += IPVSAdmPrinter().addLine(destination, to: service.key, thresholds: true) + "\n"
                }
            }
            #expect(try IPVSAdmParser().parse(again) == spec, "\(path)")
        }
    }

    @Test(
        arguments: [
            ("-A -t 10.0.0.1:80 -s rrr", 22, "Scheduler or persistence engine not found", "rr"),
            ("-A -t 10.0.0.1 -s rr", 1, "Zero port specified for non-persistent service", nil),
            ("-A -t 10.0.0.300:80", 7, "illegal virtual server address[:port] specified", nil),
            ("-A -t 10.0.0.1:80 -o", 19, "One-Packet Scheduling is only for UDP virtual services", nil),
            ("-A -t 10.0.0.1:80 -s rr -b sh-port", 28, "incompatible scheduler flag `sh-port'", nil),
            ("-A -t 10.0.0.1:80 -s sh -b sh-prt", 28, "invalid scheduler flag `sh-prt'", "sh-port"),
            ("-A -t 10.0.0.1:80 -p 0", 22, "invalid timeout value `0' specified", nil),
            ("-A -f 0", 7, "invalid fwmark value `0' specified", nil),
            (
                "-A -s rr", 1,
                "You need to supply the 'service-address' option for the 'add-service' command", nil
            ),
            (
                "-a -t 10.0.0.1:80 -m", 1,
                "You need to supply the 'real-server' option for the 'add-server' command", nil
            ),
            ("-a -t 10.0.0.1:80 -r 10.0.0.2:80 -w 2147483648", 37, "illegal weight specified", nil),
            ("-a -t 10.0.0.1:80 -r 10.0.0.x -m", 22, "illegal real server address[:port] specified", nil),
            ("-A -t 10.0.0.1:80 -w 1", 19, "Illegal 'weight' option with the 'add-service' command", nil),
            ("-A -t 10.0.0.1:80 -u 10.0.0.1:80", 19, "multiple 'service-address' options specified", nil),
            (
                "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -i --tun-type gue", 1,
                "You need to supply the 'tun-port' option for the 'gue' tunnel type", nil
            ),
            (
                "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -i --tun-port 5", 37,
                "Illegal 'tun-port' option with the 'ipip' tunnel type", nil
            ),
            (
                "-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -x 2 -y 3", 42,
                "Numerical result out of range", nil
            ),
            ("--add-servce -t 10.0.0.1:80", 1, "--add-servce: unknown option", "--add-service"),
            ("-A -t 10.0.0.1:80 extra", 19, "unexpected argument extra", nil),
        ] as [(String, Int, String, String?)])
    func refusals(line: String, column: Int, message: String, suggestion: String?) {
        let expected = FormatError(
            file: "x", line: 3, column: column, message: message, suggestion: suggestion)
        #expect(throws: expected) { try IPVSAdmParser(file: "x").command(line, number: 3) }
    }

    @Test func longAndAttachedForms() throws {
        let parser = IPVSAdmParser()
        let short = try parser.command("-A -t 10.0.0.1:80 -s wrr -p 10 -M 255.255.255.0")
        let long = try parser.command(
            "ipvsadm --add-service --tcp-service=10.0.0.1:80 --scheduler wrr --persistent 10 --netmask 255.255.255.0"
        )
        #expect(short == long)
        let key = VirtualService.Key.address(
            ipProtocol: .tcp, address: IPAddress(ipv4: 0x0a00_0001), port: 80)
        // Direct routing cannot change the port; a missing one is the service's.
        #expect(
            try parser.command("-a -t 10.0.0.1:80 -r 10.0.0.2:8080 -g")
                == .addDestination(key, Destination(address: IPAddress(ipv4: 0x0a00_0002), port: 80)))
        #expect(
            try parser.command("-a -t 10.0.0.1:80 -r 10.0.0.2 -m")
                == .addDestination(
                    key, Destination(address: IPAddress(ipv4: 0x0a00_0002), port: 80, forwarding: .masquerade)
                ))
        #expect(
            try parser.command("--set 0 30 20")
                == .setTimeouts(IPVSSpec.Timeouts(tcp: 0, tcpFin: 30, udp: 20)))
    }

    @Test func commandsOnWhatIsNotThere() {
        let cases = [
            ("-D -t 10.0.0.1:80", "No such service"),
            ("-A -t 10.0.0.1:80\n-A -t 10.0.0.1:80", "Service already exists"),
            ("-A -t 10.0.0.1:80\n-d -t 10.0.0.1:80 -r 10.0.0.2:80", "No such destination"),
        ]
        for (text, message) in cases {
            #expect(IPVSAdmParser().diagnose(text).errors.map(\.message) == [message])
        }
    }

    @Test func savedFormIsSorted() throws {
        let spec = try IPVSAdmParser().parse(
            """
            -A -f 7 -s rr
            -A -u 10.0.0.1:53 -s rr -o
            -A -t 10.0.0.2:80 -s sh -b sh-port,sh-fallback
            -A -t 10.0.0.1:80 -s wlc -p 300 -M 255.255.0.0
            -a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
            -a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 1
            """)
        #expect(
            IPVSAdmPrinter().saved(spec) == """
                -A -t 10.0.0.1:80 -s wlc -p 300 -M 255.255.0.0
                -a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 1
                -a -t 10.0.0.1:80 -r 10.1.0.2:80 -m -w 2
                -A -t 10.0.0.2:80 -s sh -b sh-fallback,sh-port
                -A -u 10.0.0.1:53 -s rr -o
                -A -f 7 -s rr

                """)
    }

    @Test func connectionLines() {
        let connection = IPVSListing.Connection(
            ipProtocol: .tcp, expires: 899, state: "ESTABLISHED", client: IPAddress(ipv4: 0xc633_6409),
            clientPort: 4000, virtual: IPAddress(ipv4: 0xcb00_710a), virtualPort: 80,
            destination: IPAddress(ipv4: 0x0a01_000a), destinationPort: 8080)
        #expect(
            IPVSConnectionPrinter().line(connection)
                == "TCP 14:59  ESTABLISHED 198.51.100.9:4000  203.0.113.10:80    10.1.0.10:8080")
        #expect(
            IPVSConnectionPrinter(isRecorded: true).text([connection])
                == "TCP ESTABLISHED 198.51.100.9:4000 203.0.113.10:80 10.1.0.10:8080\n")
    }
}
