/// Where bytes from outside come in. Each takes anything and must come back; `precondition` says what else must hold.
public enum FuzzEntry: String, CaseIterable, Sendable {
    case rules, sets, servers, connections, commands, walk, captures, requests

    /// As libFuzzer calls it.
    public func run(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        run(UnsafeRawBufferPointer(start: data, count: count))
        return 0
    }

    public func run(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .rules: readRules(String(decoding: bytes, as: UTF8.self))
        case .sets: readSets(String(decoding: bytes, as: UTF8.self))
        case .servers: readServers(String(decoding: bytes, as: UTF8.self))
        case .connections: readConnections(String(decoding: bytes, as: UTF8.self))
        case .commands: readCommand(String(decoding: bytes, as: UTF8.self))
        case .walk: walkFrames(bytes)
        case .captures: readCapture(bytes)
        case .requests: routeRequests(String(decoding: bytes, as: UTF8.self))
        }
    }
}
