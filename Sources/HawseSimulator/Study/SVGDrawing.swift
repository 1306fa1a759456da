import HawseModel

/// A drawing that any browser opens, made of text, lines and rectangles; numbers with one decimal.
public struct SVGDrawing {
    private let width: Double
    private let height: Double
    private var body = ""

    /// Hues that stay apart for eyes that confuse red and green.
    private static let colours = [
        "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a900", "#444444", "#7a5195", "#2f4b7c",
    ]

    public init(width: Double, height: Double) {
        self.width = width
        self.height = height
    }

    public static func colour(_ number: Int) -> String { colours[number % colours.count] }

    public var document: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
        width="\(number(width))" height="\(number(height))" font-family="sans-serif" font-size="11">
        <rect width="100%" height="100%" fill="#ffffff"/>

        """ + body + "</svg>\n"
    }

    private func number(_ value: Double) -> String { StudyResult.decimal(value, 1) }

    private func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }

    public mutating func text(_ text: String, _ x: Double, _ y: Double, bold: Bool = false) {
        body += "<text x=\"\(number(x))\" y=\"\(number(y))\"\(bold ? " font-weight=\"bold\"" : "")>\(escaped(text))</text>\n"
    }

    /// `title`: what a browser shows under the pointer.
    public mutating func line(
        _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, _ colour: String, dashed: Bool = false, title: String? = nil
    ) {
        let line = "<line x1=\"\(number(x1))\" y1=\"\(number(y1))\" x2=\"\(number(x2))\" y2=\"\(number(y2))\" stroke=\"\(colour)\""
            + (dashed ? " stroke-dasharray=\"4 3\"" : "") + "/>"
        body += title.map { "<g><title>\(escaped($0))</title>\(line)</g>\n" } ?? line
    }

    public mutating func polyline(_ points: [(x: Double, y: Double)], _ colour: String, title: String) {
        let text = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
        body += "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.3\" points=\"\(text)\">"
        body += "<title>\(escaped(title))</title></polyline>\n"
    }

    public mutating func rectangle(_ x: Double, _ y: Double, width: Double, height: Double, _ colour: String) {
        body += "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\" "
        body += "height=\"\(number(height))\" fill=\"\(colour)\"/>\n"
    }
}
