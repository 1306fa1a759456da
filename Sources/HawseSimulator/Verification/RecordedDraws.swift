import Foundation
import HawseDataplane
import HawseModel
import HawseWire

extension GoldenCase {
    /// `nat-draws` in `free`: the kernel has drawn ports or identifiers where translations clash; the recording is played with
    /// its own draws, and then nothing is free.
    var followsDraws: Bool { free.contains { $0.field == "nat-draws" } }
}

extension GoldenCaseRun {
    /// The first draw of ours that the recording shows to have been another there: what differs must be the drawn number, in a
    /// frame that left or, when those are equal, in a connection. Of several draws that gave one number it is the latest
    /// before the frame: a draw shows at once, and the frames before are equal already. `nil`: what differs is something else.
    func unlikeDraw(except known: [Int: UInt16]) throws -> (number: Int, port: UInt16)? {
        let drawn = dataplane.drawnPorts
        guard !drawn.isEmpty, known.count < 256 else { return nil }
        func number(_ port: UInt16, by time: Instant) -> Int? {
            drawn.indices.last { drawn[$0].port == port && drawn[$0].time <= time && known[$0] == nil }
        }
        var first: (time: Instant, number: Int, port: UInt16)?
        for (interface, produced) in frames.sorted(by: { $0.key < $1.key }) {
            let path = golden.directory + "/out/" + interface + ".pcap"
            guard FileManager.default.fileExists(atPath: path) else { continue }
            for (theirs, ours) in zip(try CaseOutput.load(path), produced) where theirs.count == ours.bytes.count {
                if let first, first.time <= ours.time { break }
                guard let place = Self.places(theirs, ours.bytes).first(where: { number(Self.word(ours.bytes, $0), by: ours.time) != nil }),
                    let number = number(Self.word(ours.bytes, place), by: ours.time)
                else { continue }
                first = (ours.time, number, Self.word(theirs, place))
                break
            }
        }
        if let first { return (first.number, first.port) }
        return connectionDraw { number($0, by: lastTime) }
    }

    /// Where two bytes of transport headers, or of what stands behind them, differ.
    private static func places(_ theirs: [UInt8], _ ours: [UInt8]) -> [Int] {
        guard let transport = FrameLayers(ours).transport, FrameLayers(theirs).transport == transport else { return [] }
        return stride(from: transport, to: min(ours.count - 1, transport + 96), by: 2).filter {
            theirs[$0] != ours[$0] || theirs[$0 + 1] != ours[$0 + 1]
        }
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt16 { UInt16(bytes[at]) << 8 | UInt16(bytes[at + 1]) }

    private func connectionDraw(_ number: (UInt16) -> Int?) -> (number: Int, port: UInt16)? {
        let path = golden.directory + "/expect/conntrack"
        guard let text = FileManager.default.contents(atPath: path), let produced = states["conntrack"] else { return nil }
        let wanted = Set(String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init))
        let got = Set(produced.split(separator: "\n").map(String.init))
        for line in got.subtracting(wanted).sorted() {
            let ours = line.split(separator: " ")
            for other in wanted.subtracting(got).sorted() {
                let theirs = other.split(separator: " ")
                let unlike = zip(ours, theirs).filter { $0 != $1 }
                guard ours.count == theirs.count, unlike.count == 1, let (mine, its) = unlike.first,
                    let name = mine.firstIndex(of: "="), mine[...name] == its[..<its.index(name, offsetBy: 1)],
                    let port = UInt16(mine[mine.index(after: name)...]), let draw = number(port),
                    let recorded = UInt16(its.split(separator: "=").last ?? "")
                else { continue }
                return (draw, recorded)
            }
        }
        return nil
    }
}

extension GoldenCaseRun {
    /// SYNPROXY's first numbers as recorded; whether some are not yet those.
    func follow(_ cookies: inout [SynproxyNumbers.Flow: UInt32]) -> Bool {
        guard let distances = synproxyNumbers?.distances, !distances.isEmpty else { return false }
        let known = cookies.count
        for (flow, distance) in distances where distance != 0 && cookies[flow] == nil { cookies[flow] = distance }
        return cookies.count > known
    }

    func shift(_ cookies: [SynproxyNumbers.Flow: UInt32]) {
        for (flow, distance) in cookies {
            guard let client = IPAddress(bytes: flow.client), let server = IPAddress(bytes: flow.server) else { continue }
            dataplane.shiftCookies(
                from: client, port: UInt16(flow.clientPort), to: server, port: UInt16(flow.serverPort), by: distance)
        }
    }
}
