/// Why an annotation's value is not used.
enum AnnotationRefusal: Error {
    /// The value breaks the annotation's form: the controller leaves the whole Ingress out.
    case invalid(String)
    /// Its locations are there and answer 503.
    case denied(String)
    /// This annotation is as if it were not there.
    case ignored(String)
}

/// One setting of an Ingress under `nginx.ingress.kubernetes.io/`, from one annotation or from several that belong together.
protocol NginxAnnotation: Sendable {
    /// The annotations it reads, without the prefix.
    static var names: [String] { get }
    init()
    init(_ reader: AnnotationReader) throws(AnnotationRefusal)
}

/// Reads the annotations of one Ingress.
struct AnnotationReader {
    static let prefix = "nginx.ingress.kubernetes.io/"

    let ingress: Kubernetes.Ingress
    let settings: NginxSettings
    let objects: RouteObjects

    /// The value with blanks trimmed from each line; nil when absent or blank. Values that break the form throw.
    func text(_ name: String, _ form: AnnotationForm, or alias: String? = nil) throws(AnnotationRefusal) -> String? {
        var name = name
        var value = ingress.metadata.annotations[Self.prefix + name]
        if value ?? "" == "", let alias, let other = ingress.metadata.annotations[Self.prefix + alias] {
            (name, value) = (alias, other)
        }
        guard let value, !value.isEmpty else { return nil }
        guard form.accepts(value) else { throw .invalid("\(name): \"\(value)\" is not \(form.what)") }
        let lines = value.split(separator: "\n", omittingEmptySubsequences: false).map { String($0).trimmedBlanks }
        let text = lines.joined(separator: "\n")
        return text.isEmpty ? nil : text
    }

    func flag(_ name: String) throws(AnnotationRefusal) -> Bool? {
        guard let text = try text(name, .flag) else { return nil }
        return GoBool.read(text)
    }

    func number(_ name: String) throws(AnnotationRefusal) -> Int? {
        guard let text = try text(name, .number) else { return nil }
        return Int(text)
    }

    /// As `text`, but a value of the wrong form counts as absent.
    func lenient(_ name: String, _ form: AnnotationForm) -> String? { try? text(name, form) }
    func lenientFlag(_ name: String) -> Bool? { try? flag(name) }
    func lenientNumber(_ name: String) -> Int? { try? number(name) }
}

/// The forms that values may have (the controller's validators).
enum AnnotationForm {
    case any, flag, number, ranges, serviceName, corsOrigins, errorCodes
    /// Letters, digits and `-._~/:`.
    case basic
    /// `basic` and `,:?&=`.
    case url
    /// `basic` and `$`.
    case pathWithCaptures
    /// What may stand in an expression or a server name.
    case expression
    /// Letters, digits, `-`, `_`, comma, blank.
    case headerNames
    case methods
    case digits
    case hash
    case options([String], ignoresCase: Bool = false)

    var what: String {
        switch self {
        case .any: "text"
        case .flag: "true or false"
        case .number, .digits: "a number"
        case .ranges: "a list of addresses and prefixes"
        case .serviceName: "a Service's name"
        case .corsOrigins: "a list of origins"
        case .errorCodes: "a list of codes from 400 to 599"
        case .basic: "letters, digits and -._~/:"
        case .url: "a URL"
        case .pathWithCaptures: "a path"
        case .expression: "an expression"
        case .headerNames: "a list of header names"
        case .methods: "a list of methods"
        case .hash: "a hash key"
        case .options(let words, _): "one of " + words.joined(separator: ", ")
        }
    }

    func accepts(_ value: String) -> Bool {
        let bare = value.filter { $0 != " " }
        switch self {
        case .any: return true
        case .flag: return GoBool.read(value) != nil
        case .number: return Int(value) != nil
        case .digits: return Self.all(value, "-") && value.contains { $0.isNumber }
        case .ranges:
            return value.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { SourceRange(String($0)) != nil }
        case .serviceName:
            guard let first = value.utf8.first, (97...122).contains(first), value.utf8.last != UInt8(ascii: "-"),
                value.utf8.count < 64
            else { return false }
            return value.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
        case .corsOrigins: return Self.all(bare, "-.:/*,")
        case .errorCodes:
            return bare.split(separator: ",").allSatisfy {
                $0.count == 3 && Int($0) != nil && ($0.first == "4" || $0.first == "5")
            }
        case .basic: return Self.all(bare, "-._~/:")
        case .url: return Self.all(value, "-._~/:,?&=")
        case .pathWithCaptures: return Self.all(value, "-._~/:$")
        case .expression: return Self.all(value.trimmedBlanks, "-._~/:^$[](){}*+?|&=\\")
        case .headerNames: return Self.all(value, "-_, ")
        case .methods: return Self.all(bare, ",") && !bare.contains { $0.isNumber }
        case .hash: return Self.all(bare, "-_|:.$/~@{}*?=&%+!,;")
        case .options(let words, let ignoresCase):
            let word = value.trimmedBlanks
            return words.contains(ignoresCase ? word.lowercased() : word)
        }
    }

    /// ASCII letters and digits, and these.
    private static func all(_ value: String, _ others: String) -> Bool {
        value.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || others.utf8.contains(byte)
        }
    }
}
