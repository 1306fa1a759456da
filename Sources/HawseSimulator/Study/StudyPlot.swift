import HawseModel
import HawseWire

extension StudyResult {
    /// A drawing: for each contender the active and the inactive connections of every server over time, with the changes as
    /// upright lines, and beside it the connections each server got.
    public var svg: String { StudyPlot(result: self).document }
}

private struct StudyPlot {
    let result: StudyResult
    private let width = 960.0
    private let rowHeight = 260.0
    private let lineWidth = 620.0
    private let margin = 56.0

    init(result: StudyResult) { self.result = result }

    var document: String {
        var drawing = SVGDrawing(width: width, height: rowHeight * Double(max(result.contenders.count, 1)) + 40)
        for (row, contender) in result.contenders.enumerated() {
            draw(contender, top: 10 + rowHeight * Double(row), &drawing)
        }
        return drawing.document
    }

    private func draw(_ contender: StudyResult.Contender, top: Double, _ drawing: inout SVGDrawing) {
        let inner = rowHeight - 50
        let upper = inner * 0.6
        drawing.text(contender.label + "  (imbalance \(StudyResult.decimal(contender.imbalance, 3)))", margin, top + 14, bold: true)
        curves(contender, \.active, "active", top: top + 24, height: upper, showsTime: false, &drawing)
        curves(contender, \.inactive, "inactive", top: top + 34 + upper, height: inner - upper - 10, showsTime: true, &drawing)
        bars(contender, top: top, height: inner, &drawing)
    }

    /// One kind of connections over time, a line a server, with the changes as upright lines.
    private func curves(
        _ contender: StudyResult.Contender, _ counts: KeyPath<StudyResult.Sample, [Int]>, _ name: String, top: Double,
        height: Double, showsTime: Bool, _ drawing: inout SVGDrawing
    ) {
        let most = Double(max(contender.samples.flatMap { $0[keyPath: counts] }.max() ?? 0, 1))
        let span = Double(max(result.duration, 1))
        func x(_ time: Int64) -> Double { margin + Double(time) / span * (lineWidth - margin) }
        func y(_ value: Int) -> Double { top + height * (1 - Double(value) / most) }
        drawing.line(margin, y(0), lineWidth, y(0), "#999999")
        drawing.line(margin, y(0), margin, top, "#999999")
        drawing.text("\(Int(most))", 4, top + 6)
        drawing.text(name, 4, top + 18)
        drawing.text("0", margin - 12, y(0) + 4)
        if showsTime { drawing.text("\(StudyResult.decimal(span / 1e9, 1)) s", lineWidth - 30, y(0) + 14) }
        for change in contender.changes {
            drawing.line(x(change.time), top, x(change.time), y(0), "#cc0000", dashed: true, title: change.label)
        }
        for (n, server) in contender.servers.enumerated() {
            let points = contender.samples.map { sample in
                let values = sample[keyPath: counts]
                return (x: x(sample.time), y: y(n < values.count ? values[n] : 0))
            }
            drawing.polyline(points, SVGDrawing.colour(n), title: server.name)
        }
    }

    private func bars(_ contender: StudyResult.Contender, top: Double, height: Double, _ drawing: inout SVGDrawing) {
        let shown = contender.servers.prefix(40)
        let most = Double(max(contender.servers.map(\.connections).max() ?? 0, 1))
        let left = lineWidth + 150
        let step = min(height / Double(max(shown.count, 1)), 18)
        drawing.text("connections", left, top + 14)
        for (n, server) in shown.enumerated() {
            let at = top + 24 + step * Double(n)
            let length = Double(server.connections) / most * (width - left - 60)
            drawing.rectangle(left, at, width: length, height: step * 0.8, SVGDrawing.colour(n))
            if step >= 9 {
                drawing.text("\(server.name) w\(server.weight)", lineWidth + 12, at + step * 0.7)
                drawing.text("\(server.connections)", left + length + 4, at + step * 0.7)
            }
        }
    }
}
