import Foundation

/// Messages of etcd's HTTP/JSON gateway: 64-bit numbers are strings, keys and values base64.
enum EtcdMessage {
    struct Header: Decodable {
        var revision: EtcdInteger?
    }

    struct KeyValue: Decodable {
        var key: EtcdBytes?
        var value: EtcdBytes?
        /// 0: no lease, so for ever.
        var lease: EtcdInteger?
        var modRevision: EtcdInteger?

        enum CodingKeys: String, CodingKey {
            case key, value, lease
            case modRevision = "mod_revision"
        }
    }

    struct RangeResponse: Decodable {
        var header: Header?
        var kvs: [KeyValue]?
    }

    struct TransactionResponse: Decodable {
        var header: Header?
        /// Left out when false.
        var succeeded: Bool?
    }

    struct LeaseResponse: Decodable {
        enum CodingKeys: String, CodingKey {
            case id = "ID"
            case timeToLive = "TTL"
        }

        var id: EtcdInteger?
        /// Seconds; -1: the lease is gone.
        var timeToLive: EtcdInteger?
    }

    struct Empty: Decodable {}

    struct Failure: Decodable {
        var error: String?
        var message: String?
    }

    struct WatchEvent: Decodable {
        /// Left out for PUT.
        var type: String?
        var kv: KeyValue?
    }

    struct WatchResult: Decodable {
        var header: Header?
        var created: Bool?
        var canceled: Bool?
        var compactRevision: EtcdInteger?
        var events: [WatchEvent]?

        enum CodingKeys: String, CodingKey {
            case header, created, canceled, events
            case compactRevision = "compact_revision"
        }
    }

    struct WatchMessage: Decodable {
        var result: WatchResult?
    }
}

/// A 64-bit number, as the string that the gateway writes, or as a plain number.
struct EtcdInteger: Decodable {
    var value: Int64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self), let number = Int64(text) {
            value = number
        } else {
            value = try container.decode(Int64.self)
        }
    }
}

/// Bytes in base64.
struct EtcdBytes: Decodable {
    var text: String

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let data = Data(base64Encoded: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no base64")
        }
        text = String(decoding: data, as: UTF8.self)
    }
}

/// What a request that the server refused, or that never reached it, comes to.
public enum EtcdError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreachable(String)
    case refused(status: Int, message: String)
    case malformed(String)

    public var description: String {
        switch self {
        case .unreachable(let why): "etcd does not answer: \(why)"
        case .refused(let status, let message): "etcd refused (HTTP \(status)): \(message)"
        case .malformed(let what): "etcd's answer makes no sense: \(what)"
        }
    }
}
