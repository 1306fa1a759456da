import ArgumentParser
import Hawse

/// `hawse diff --request`: the same requests at two front doors.
struct RequestDiff {
    let command: Diff

    private struct Difference {
        var name: String
        var request: RouteRequest
        var left: RouteDecision
        var right: RouteDecision
    }

    func run(_ path: String) throws {
        let requests = try RouteRequests.read(path)
        var left = try side(command.left)
        var right = try side(command.right)
        var differing: [Difference] = []
        for (number, request) in requests.enumerated() {
            let (a, b) = (left.route(request), right.route(request))
            if a.summary(detail) == b.summary(detail) { continue }
            differing.append(Difference(name: request.id ?? "request \(number + 1)", request: request, left: a, right: b))
        }
        var out = StandardOutput()
        switch command.format {
        case .text: write(differing, of: requests.count, to: &out)
        case .ndjson: writeLines(differing, of: requests.count, to: &out)
        }
        out.flush()
        if !differing.isEmpty { throw Failure.no() }
    }

    private var detail: RouteDecision.Detail {
        switch command.compare {
        case .outcome: .outcome
        case .endpoint: .backend
        case .bytes: .everything
        }
    }

    private func side(_ path: String) throws -> RequestRouter {
        let manifests = try ManifestInput.parse((command.shared + [path]).flatMap { ["-f", $0] })
        return try command.controller.router(manifests.load(), seed: command.seed)
    }

    private static func line(_ request: RouteRequest) -> String {
        "\(request.method) \(request.scheme)://\(request.host ?? "")\(request.target)"
    }

    private func write(_ differing: [Difference], of count: Int, to out: inout StandardOutput) {
        let palette = Palette(isOn: command.terminal.usesColor)
        let what = differing.isEmpty ? palette.good("none fares differently") : "\(differing.count) fare differently"
        out.line("\(palette.strong("\(count) requests")): \(what)")
        for entry in differing {
            out.line("")
            out.line("\(palette.strong(entry.name)): \(Self.line(entry.request))")
            out.line("  left   \(palette.bad(entry.left.summary(detail))) (\(entry.left.reason))")
            out.line("  right  \(palette.good(entry.right.summary(detail))) (\(entry.right.reason))")
        }
    }

    private func writeLines(_ differing: [Difference], of count: Int, to out: inout StandardOutput) {
        var head = JSONObject()
        head.set("schema", "hawse.diff/1")
        head.set("requests", count)
        head.set("differing", differing.count)
        out.line(head.line)
        for entry in differing {
            var object = JSONObject()
            object.set("id", entry.name)
            object.set("request", Self.line(entry.request))
            object.set("left", raw: JSONWriter.compact(entry.left.row(id: nil)))
            object.set("right", raw: JSONWriter.compact(entry.right.row(id: nil)))
            out.line(object.line)
        }
    }
}
