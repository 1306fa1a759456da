import FuzzDriver
import Hawse

/// ipvsadm text: what is printed of the servers read must be read again.
@main enum FuzzServers {
    static func main() { drive(run) }

    private static let run: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt = { data, count in
        let text = FuzzDriver.text(data, count)
        _ = IPVSAdmParser().diagnose(text)
        guard let spec = try? IPVSAdmParser().parse(text) else { return 0 }
        let saved = IPVSAdmPrinter().saved(spec)
        precondition((try? IPVSAdmParser().parse(saved)) != nil, "what is saved is not read")
        return 0
    }
}
