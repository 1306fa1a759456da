import HawseModel

/// What an application says when bytes arrive: bytes to send, and whether it has nothing more to say.
struct ApplicationReply: Hashable {
    var bytes: [UInt8] = []
    var closes = false
}

/// A server's side of one conversation, as a step function.
enum ServerSession {
    case echo
    case http(HTTPServerSession)

    mutating func step(_ bytes: [UInt8], isPeerDone: Bool) -> ApplicationReply {
        switch self {
        case .echo: return ApplicationReply(bytes: bytes, closes: isPeerDone)
        case .http(var session):
            let reply = session.step(bytes, isPeerDone: isPeerDone)
            self = .http(session)
            return reply
        }
    }
}

/// An HTTP/1.1 server: answers each request with a body of a given size.
struct HTTPServerSession: Hashable {
    let name: String
    let bodySize: Int
    private var pending: [UInt8] = []

    init(name: String, bodySize: Int) {
        self.name = name
        self.bodySize = bodySize
    }

    mutating func step(_ bytes: [UInt8], isPeerDone: Bool) -> ApplicationReply {
        pending += bytes
        var reply = ApplicationReply()
        while let end = HTTPText.headEnd(pending) {
            let head = String(decoding: pending[..<end], as: UTF8.self)
            let length = HTTPText.contentLength(head) ?? 0
            guard pending.count >= end + length else { break }
            pending.removeFirst(end + length)
            let closes = head.lowercased().contains("connection: close")
            let isBad = head.split(separator: " ").count < 3
            let status = isBad ? "400 Bad Request" : "200 OK"
            reply.bytes += Array(
                """
                HTTP/1.1 \(status)\r\nServer: \(name)\r\nContent-Type: text/plain\r\nContent-Length: \(bodySize)\r\n\
                Connection: \(closes ? "close" : "keep-alive")\r\n\r\n
                """.utf8)
            reply.bytes += HTTPText.body(bodySize)
            if closes || isBad {
                reply.closes = true
                return reply
            }
        }
        if isPeerDone { reply.closes = true }
        return reply
    }
}

/// A client's side: what it sends, and whether the answer is whole.
struct ClientSession: Hashable {
    enum Kind: String, Hashable, Sendable, CaseIterable {
        case http
        case tcpEcho = "tcp-echo"
        case udpEcho = "udp-echo"
        case udpName = "udp-name"
        var isDatagram: Bool { self == .udpEcho || self == .udpName }
    }

    let kind: Kind
    let host: String
    let path: String
    /// Bytes of an echo, or of an HTTP request's body.
    let size: Int
    private(set) var requestsLeft: Int
    private(set) var answers = 0
    /// The server's name in the last answer.
    private(set) var server = ""
    private(set) var bytesReceived = 0
    /// An answer that is not what was asked for.
    private(set) var isWrong = false
    private var pending: [UInt8] = []

    init(kind: Kind, host: String, path: String, size: Int, requests: Int) {
        self.kind = kind
        self.host = host
        self.path = path
        self.size = size
        requestsLeft = requests
    }

    /// The next request; empty when all have been made.
    mutating func request() -> [UInt8] {
        guard requestsLeft > 0 else { return [] }
        requestsLeft -= 1
        guard kind == .http else { return HTTPText.body(max(1, size)) }
        let close = requestsLeft == 0 ? "close" : "keep-alive"
        let method = size > 0 ? "POST" : "GET"
        let length = size > 0 ? "Content-Length: \(size)\r\n" : ""
        return Array("\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\(length)Connection: \(close)\r\n\r\n".utf8)
            + HTTPText.body(size)
    }

    /// The last request once more.
    func question() -> [UInt8] {
        var copy = self
        copy.requestsLeft += 1
        return copy.request()
    }

    /// Takes bytes; true when one answer is whole.
    mutating func step(_ bytes: [UInt8]) -> Bool {
        bytesReceived += bytes.count
        pending += bytes
        switch kind {
        case .http:
            guard let end = HTTPText.headEnd(pending) else { return false }
            let head = String(decoding: pending[..<end], as: UTF8.self)
            let length = HTTPText.contentLength(head) ?? 0
            guard pending.count >= end + length else { return false }
            server = HTTPText.field("server", head) ?? ""
            if !head.hasPrefix("HTTP/1.1 200 ") || Array(pending[end..<(end + length)]) != HTTPText.body(length) {
                isWrong = true
            }
            pending.removeFirst(end + length)
        case .udpName:
            server = String(decoding: bytes, as: UTF8.self)
            pending = []
        case .tcpEcho, .udpEcho:
            guard pending.count >= max(1, size) else { return false }
            if Array(pending.prefix(max(1, size))) != HTTPText.body(max(1, size)) { isWrong = true }
            pending.removeFirst(max(1, size))
        }
        answers += 1
        return true
    }
}

enum HTTPText {
    /// Behind the empty line that ends a head.
    static func headEnd(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for index in 0...(bytes.count - 4)
        where bytes[index] == 13 && bytes[index + 1] == 10 && bytes[index + 2] == 13 && bytes[index + 3] == 10 {
            return index + 4
        }
        return nil
    }

    static func field(_ name: String, _ head: String) -> String? {
        for line in head.split(separator: "\r\n") {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
            return String(line[line.index(after: colon)...].drop { $0 == " " })
        }
        return nil
    }

    static func contentLength(_ head: String) -> Int? {
        field("content-length", head).flatMap { Int($0) }.flatMap { $0 >= 0 && $0 <= 1 << 30 ? $0 : nil }
    }

    /// Text of a length, the same every time, so that a wrong byte shows.
    static func body(_ count: Int) -> [UInt8] {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz0123456789".utf8)
        return (0..<count).map { alphabet[($0 &* 7 &+ $0 / 36) % 36] }
    }
}
