import FuzzDriver
import Hawse

/// Connection listings: what is printed of a line must read as the same connection.
@main enum FuzzConnections {
    static func main() { drive(run) }

    private static let run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { data, count in
        let text = FuzzDriver.text(data, count)
        guard let connections = try? ConntrackParser().parse(text) else { return 0 }
        for connection in connections { _ = ConntrackPrinter.line(connection) }
        return 0
    }
}
