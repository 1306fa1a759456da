import Foundation
import Hawse

/// What has been measured, for docs/Benchmarks.md: tables that stand between marks in the text, and drawings beside it.
struct Report {
    private var blocks: [String: [String]] = [:]
    private var drawings: [String: String] = [:]
    /// The block that lines go to.
    var block = ""

    mutating func line(_ text: String) {
        print(text)
        blocks[block, default: []].append(text)
    }

    mutating func header(_ name: String, _ columns: [String]) {
        block = name
        blocks[name] = []
        line("| " + columns.joined(separator: " | ") + " |")
        line("|" + columns.map { _ in "---|" }.joined())
    }

    /// A drawing of growth: equal steps from one size to the next, from zero upwards.
    mutating func plot(_ name: String, title: String, unit: String, sizes: [Int], _ series: [(name: String, values: [Double])]) {
        let (width, height, left, top) = (640.0, 300.0, 64.0, 40.0)
        var drawing = SVGDrawing(width: width, height: height)
        let most = max(series.flatMap(\.values).max() ?? 0, 1) * 1.1
        func x(_ index: Int) -> Double { left + Double(index) / Double(max(sizes.count - 1, 1)) * (width - left - 170) }
        func y(_ value: Double) -> Double { top + (height - top - 40) * (1 - value / most) }
        drawing.text(title, left, 20, bold: true)
        for step in 0...4 {
            let value = most * Double(step) / 4
            drawing.line(left, y(value), x(sizes.count - 1), y(value), step == 0 ? "#999999" : "#dddddd")
            drawing.text("\(Int(value.rounded())) \(unit)", 4, y(value) + 4)
        }
        for (index, size) in sizes.enumerated() { drawing.text("\(size)", x(index) - 12, height - 22) }
        for (number, one) in series.enumerated() {
            let points = one.values.enumerated().map { (x: x($0.offset), y: y($0.element)) }
            drawing.polyline(points, SVGDrawing.colour(number), title: one.name)
            for point in points { drawing.rectangle(point.x - 2, point.y - 2, width: 4, height: 4, SVGDrawing.colour(number)) }
            drawing.rectangle(width - 158, top + 18 * Double(number), width: 10, height: 10, SVGDrawing.colour(number))
            drawing.text(one.name, width - 142, top + 9 + 18 * Double(number))
        }
        drawings[name] = drawing.document
    }

    /// Puts the tables into the page, each between `<!-- begin: NAME -->` and `<!-- end: NAME -->`, and writes the drawings.
    func write(to folder: String) throws {
        let page = URL(fileURLWithPath: folder + "/Benchmarks.md")
        var text = String(decoding: try Data(contentsOf: page), as: UTF8.self)
        for (name, lines) in blocks {
            guard let begin = text.range(of: "<!-- begin: \(name) -->\n"), let end = text.range(of: "<!-- end: \(name) -->"),
                begin.upperBound <= end.lowerBound
            else { continue }
            text.replaceSubrange(begin.upperBound..<end.lowerBound, with: lines.joined(separator: "\n") + "\n")
        }
        try Data(text.utf8).write(to: page)
        try FileManager.default.createDirectory(atPath: folder + "/growth", withIntermediateDirectories: true)
        for (name, drawing) in drawings {
            try Data(drawing.utf8).write(to: URL(fileURLWithPath: "\(folder)/growth/\(name).svg"))
        }
    }
}
