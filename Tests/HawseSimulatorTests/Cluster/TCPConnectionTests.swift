import Foundation
import HawseModel
import Testing

@testable import HawseSimulator

/// Two ends of a connection over a wire that the test makes as bad as it likes.
@Suite struct TCPConnectionTests {
    struct Pair {
        var client: TCPConnection
        var server: TCPConnection?
        var now = Instant(seconds: 1)
        var toServer: [TCPSegment] = []
        var toClient: [TCPSegment] = []
        var chance: RandomStream
        var loss: UInt32
        var serverGot: [UInt8] = []
        var clientGot: [UInt8] = []

        init(seed: UInt64, lossPercent: UInt32) {
            chance = RandomStream(seed: seed, purpose: "test")
            loss = lossPercent
            client = TCPConnection(connecting: 0xffff_fff0, maximumSegment: 500, at: now)
        }

        mutating func carry(_ segments: [TCPSegment]) -> [TCPSegment] {
            segments.filter { _ in chance.below(100) >= loss }
        }

        /// One step: what is on the wire arrives; when nothing is, the next timer fires.
        mutating func step() -> Bool {
            toServer += carry(client.takeOutput())
            toClient += carry(server?.takeOutput() ?? [])
            if toServer.isEmpty, toClient.isEmpty {
                let due = min(client.nextTimer, server?.nextTimer ?? .distantFuture)
                guard due < .distantFuture else { return false }
                now = max(now, due)
                client.advance(to: now)
                server?.advance(to: now)
                return true
            }
            for segment in toServer {
                if server == nil {
                    guard segment.flags == .syn else { continue }
                    server = TCPConnection(accepting: segment, initial: 77, maximumSegment: 400, at: now)
                } else {
                    server?.receive(segment, at: now)
                }
            }
            toServer = []
            toClient += carry(server?.takeOutput() ?? [])
            for segment in toClient { client.receive(segment, at: now) }
            toClient = []
            serverGot += server?.takeReceived() ?? []
            clientGot += client.takeReceived()
            return true
        }
    }

    @Test(arguments: [(0, 1), (10, 2), (30, 3), (30, 4), (50, 5)])
    func dataCrossesALossyWireBothWays(loss: UInt32, seed: UInt64) throws {
        var pair = Pair(seed: seed, lossPercent: loss)
        let request = (0..<9000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let answer = (0..<20000).map { UInt8(truncatingIfNeeded: $0 &* 17) }
        var isSent = false
        var isAnswered = false
        for _ in 0..<5000 {
            if !isSent, pair.client.state == .established {
                pair.client.send(request, at: pair.now)
                isSent = true
            }
            if !isAnswered, pair.serverGot.count == request.count {
                pair.server?.send(answer, at: pair.now)
                pair.server?.close(at: pair.now)
                isAnswered = true
            }
            if pair.client.isPeerDone { pair.client.close(at: pair.now) }
            guard pair.step() else { break }
        }
        #expect(pair.serverGot == request)
        #expect(pair.clientGot == answer)
        #expect(pair.client.end == .finished)
        #expect(pair.server?.end == .finished)
        #expect((pair.client.retransmissions + (pair.server?.retransmissions ?? 0) > 0) == (loss > 0))
    }

    @Test func aSynWithoutAnswerGivesUpAfterSixRetries() {
        var client = TCPConnection(connecting: 5, maximumSegment: 1460, at: .zero)
        var times: [Int64] = []
        while client.nextTimer < .distantFuture {
            times.append(client.nextTimer.nanoseconds / 1_000_000_000)
            client.advance(to: client.nextTimer)
        }
        #expect(times == [1, 3, 7, 15, 31, 63, 127])
        #expect(client.end == .timedOut)
        #expect(client.takeOutput().count == 7)
    }

    @Test func resets() {
        var client = TCPConnection(connecting: 5, maximumSegment: 1460, at: .zero)
        client.receive(TCPSegment(sequence: 0, acknowledgement: 7, flags: [.rst, .ack]), at: .zero)
        #expect(client.end == nil, "it acknowledges something else")
        client.receive(TCPSegment(sequence: 0, acknowledgement: 6, flags: [.rst, .ack]), at: .zero)
        #expect(client.end == .refused)
        let syn = TCPSegment(sequence: 100, flags: .syn, maximumSegment: 1000)
        var server = TCPConnection(accepting: syn, initial: 9, maximumSegment: 1460, at: .zero)
        server.receive(TCPSegment(sequence: 101, acknowledgement: 10, flags: .ack), at: .zero)
        _ = server.takeOutput()
        server.receive(TCPSegment(sequence: 500, flags: .rst), at: .zero)
        #expect(server.state == .established, "a blind reset is answered with a challenge")
        #expect(server.takeOutput().map(\.flags) == [.ack])
        server.receive(TCPSegment(sequence: 101, flags: .rst), at: .zero)
        #expect(server.end == .reset)
    }

    @Test func segmentsReadBack() throws {
        let segment = TCPSegment(
            sequence: 0x0102_0304, acknowledgement: 5, flags: [.syn, .ack], maximumSegment: 1410, payload: [1, 2, 3])
        #expect(TCPSegment(segment.bytes(from: 80, to: 40000)[...]) == segment)
        #expect(TCPSegment([0, 1, 2][...]) == nil)
        #expect(TCPSegment((Array(repeating: 0, count: 12) + [0xf0] + Array(repeating: 0, count: 7))[...]) == nil)
    }

    @Test func aServerAnswersWholeRequestsOnly() {
        var server = HTTPServerSession(name: "web", bodySize: 3)
        #expect(server.step(Array("GET / HTTP/1.1\r\nHost: a".utf8), isPeerDone: false) == ApplicationReply())
        let reply = server.step(Array("\r\n\r\nGET /2 HTTP/1.1\r\nConnection: close\r\n\r\n".utf8), isPeerDone: false)
        let text = String(decoding: reply.bytes, as: UTF8.self)
        #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
        #expect(reply.closes)
        var bad = HTTPServerSession(name: "web", bodySize: 3)
        let refused = bad.step(Array("nonsense\r\n\r\n".utf8), isPeerDone: false)
        #expect(refused.closes)
        #expect(String(decoding: refused.bytes, as: UTF8.self).hasPrefix("HTTP/1.1 400 "))
    }
}
