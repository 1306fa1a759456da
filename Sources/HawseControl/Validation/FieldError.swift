/// One finding of the API server about an object: `field.Error` and, in its answers, a status cause.
public struct FieldError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case notFound = "FieldValueNotFound"
        case typeInvalid = "FieldValueTypeInvalid"
        case internalError = "InternalError"
    }

    public var type: Kind
    /// `spec.ports[0].port`
    public var field: String
    /// With its leading words: `Invalid value: 0: must be between 1 and 65535, inclusive`.
    public var message: String

    public init(_ type: Kind, _ field: String, _ message: String) {
        self.type = type
        self.field = field
        self.message = message
    }

    public var description: String { "\(field): \(message)" }

    public static func required(_ field: String, _ detail: String = "") -> Self {
        Self(.required, field, "Required value" + (detail.isEmpty ? "" : ": \(detail)"))
    }

    /// `value` is JSON text, quotes and all.
    public static func invalid(_ field: String, json value: String, _ detail: String) -> Self {
        Self(.invalid, field, "Invalid value: \(value)" + (detail.isEmpty ? "" : ": \(detail)"))
    }

    public static func invalid(_ field: String, _ value: String, _ detail: String) -> Self {
        invalid(field, json: quoted(value), detail)
    }

    public static func invalid(_ field: String, _ value: Int, _ detail: String) -> Self {
        invalid(field, json: String(value), detail)
    }

    public static func notSupported(_ field: String, _ value: String, _ supported: [String]) -> Self {
        let list = supported.map { quoted($0) }.joined(separator: ", ")
        return Self(.notSupported, field, "Unsupported value: \(quoted(value)): supported values: \(list)")
    }

    public static func duplicate(_ field: String, _ value: String) -> Self {
        Self(.duplicate, field, "Duplicate value: \(quoted(value))")
    }

    public static func duplicate(_ field: String, json value: String) -> Self {
        Self(.duplicate, field, "Duplicate value: \(value)")
    }

    public static func forbidden(_ field: String, _ detail: String) -> Self {
        Self(.forbidden, field, "Forbidden: \(detail)")
    }

    public static func tooLong(_ field: String, maximum: Int) -> Self {
        Self(.tooLong, field, "Too long: may not be more than \(maximum) bytes")
    }

    public static func tooMany(_ field: String, _ count: Int, maximum: Int) -> Self {
        Self(.tooMany, field, "Too many: \(count): must have at most \(maximum) items")
    }

    /// Go's `%q` for the plain texts that stand in fields.
    public static func quoted(_ text: String) -> String { JSONWriter.quoted(text) }
}

/// A refusal of the API server: `metav1.Status`.
public struct StatusError: Error, Sendable, Hashable, CustomStringConvertible {
    public var code: Int
    /// Invalid, BadRequest, AlreadyExists, NotFound, InternalError …
    public var reason: String
    public var message: String
    public var causes: [FieldError]

    public init(code: Int, reason: String, message: String, causes: [FieldError] = []) {
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
    }

    public var description: String { message }

    /// 422 with its list of causes, worded as `apierrors.NewInvalid`.
    public static func invalid(_ qualifiedKind: String, _ name: String, _ causes: [FieldError]) -> StatusError {
        // Aggregates drop repeated texts but keep the first one's place.
        var seen: Set<String> = []
        let texts = causes.map(\.description).filter { seen.insert($0).inserted }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        return StatusError(
            code: 422, reason: "Invalid", message: "\(qualifiedKind) \"\(name)\" is invalid: \(list)", causes: causes)
    }

    public static func notFound(_ resource: String, _ name: String) -> StatusError {
        StatusError(code: 404, reason: "NotFound", message: "\(resource) \"\(name)\" not found")
    }

    public static func alreadyExists(_ resource: String, _ name: String) -> StatusError {
        StatusError(code: 409, reason: "AlreadyExists", message: "\(resource) \"\(name)\" already exists")
    }

    /// What an admission plugin answers.
    public static func forbidden(_ resource: String, _ name: String, _ why: String) -> StatusError {
        StatusError(code: 403, reason: "Forbidden", message: "\(resource) \"\(name)\" is forbidden: \(why)")
    }

    public static func internalError(_ detail: String) -> StatusError {
        StatusError(code: 500, reason: "InternalError", message: "Internal error occurred: \(detail)")
    }
}
