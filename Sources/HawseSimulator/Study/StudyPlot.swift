import HawseModel
import HawseWire

extension StudyResult {
    /// A drawing that any browser opens: for each contender the active and the inactive connections of every server over
    /// time, with the changes as upright lines, and beside it the connections each server got.
    public var svg: String {
        let plot = StudyPlot(result: self)
        return plot.document
    }
}

private struct StudyPlot {
    let result: StudyResult
    private let width = 960.0
    private let rowHeight = 260.0
    private let lineWidth = 620.0
    private let margin = 56.0
    /// Hues that stay apart for eyes that confuse red and green.
    private let colours = [
        "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a900", "#444444", "#7a5195", "#2f4b7c",
    ]

    var document: String {
        let height = rowHeight * Double(max(result.contenders.count, 1)) + 40
        var out = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
            width="\(number(width))" height="\(number(height))" font-family="sans-serif" font-size="11">
            <rect width="100%" height="100%" fill="#ffffff"/>

            """
        for (row, contender) in result.contenders.enumerated() {
            out += draw(contender, top: 10 + rowHeight * Double(row))
        }
        return out + "</svg>\n"
    }

    private func number(_ value: Double) -> String { StudyResult.decimal(value, 1) }
    private func colour(_ n: Int) -> String { colours[n % colours.count] }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    private func draw(_ contender: StudyResult.Contender, top: Double) -> String {
        let inner = rowHeight - 50
        let title = contender.label + "  (imbalance \(StudyResult.decimal(contender.imbalance, 3)))"
        let upper = inner * 0.6
        return text(title, margin, top + 14, bold: true)
            + curves(contender, \.active, "active", top: top + 24, height: upper, showsTime: false)
            + curves(contender, \.inactive, "inactive", top: top + 34 + upper, height: inner - upper - 10, showsTime: true)
            + bars(contender, top: top, height: inner)
    }

    /// One kind of connections over time, a line a server, with the changes as upright lines.
    private func curves(
        _ contender: StudyResult.Contender, _ counts: KeyPath<StudyResult.Sample, [Int]>, _ name: String, top: Double,
        height: Double, showsTime: Bool
    ) -> String {
        let most = Double(max(contender.samples.flatMap { $0[keyPath: counts] }.max() ?? 0, 1))
        let span = Double(max(result.duration, 1))
        func x(_ time: Int64) -> Double { margin + Double(time) / span * (lineWidth - margin) }
        func y(_ value: Int) -> Double { top + height * (1 - Double(value) / most) }
        var out = line(margin, y(0), lineWidth, y(0), "#999999") + line(margin, y(0), margin, top, "#999999")
        out += text("\(Int(most))", 4, top + 6) + text(name, 4, top + 18) + text("0", margin - 12, y(0) + 4)
        if showsTime { out += text("\(StudyResult.decimal(span / 1e9, 1)) s", lineWidth - 30, y(0) + 14) }
        for change in contender.changes {
            out += "<g><title>\(escaped(change.label))</title>"
            out += line(x(change.time), top, x(change.time), y(0), "#cc0000", dashed: true) + "</g>\n"
        }
        for (n, server) in contender.servers.enumerated() {
            let points = contender.samples.map { sample in
                let values = sample[keyPath: counts]
                return "\(number(x(sample.time))),\(number(y(n < values.count ? values[n] : 0)))"
            }
            out += "<polyline fill=\"none\" stroke=\"\(colour(n))\" stroke-width=\"1.3\" points=\"\(points.joined(separator: " "))\">"
            out += "<title>\(escaped(server.name))</title></polyline>\n"
        }
        return out
    }

    private func bars(_ contender: StudyResult.Contender, top: Double, height: Double) -> String {
        let shown = contender.servers.prefix(40)
        let most = Double(max(contender.servers.map(\.connections).max() ?? 0, 1))
        let left = lineWidth + 150
        let step = min(height / Double(max(shown.count, 1)), 18)
        var out = text("connections", left, top + 14)
        for (n, server) in shown.enumerated() {
            let at = top + 24 + step * Double(n)
            let length = Double(server.connections) / most * (width - left - 60)
            out += "<rect x=\"\(number(left))\" y=\"\(number(at))\" width=\"\(number(length))\" "
            out += "height=\"\(number(step * 0.8))\" fill=\"\(colour(n))\"/>\n"
            if step >= 9 {
                out += text("\(server.name) w\(server.weight)", lineWidth + 12, at + step * 0.7)
                out += text("\(server.connections)", left + length + 4, at + step * 0.7)
            }
        }
        return out
    }

    private func text(_ text: String, _ x: Double, _ y: Double, bold: Bool = false) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\"\(bold ? " font-weight=\"bold\"" : "")>\(escaped(text))</text>\n"
    }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, dashed: Bool = false) -> String {
        "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(colour)\""
            + (dashed ? " stroke-dasharray=\"4 3\"" : "") + "/>"
    }
}
