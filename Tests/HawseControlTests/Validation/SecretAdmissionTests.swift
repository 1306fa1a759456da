import Foundation
import HawseControl
import Testing

/// Secrets that hold a document: what Go's decoder says of it.
@Suite struct SecretAdmissionTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var text: String
        /// Nil: accepted.
        var fault: String?
        var testDescription: String { text }

        init(_ text: String, _ fault: String?) { (self.text, self.fault) = (text, fault) }
    }

    private static func wrong(_ kind: String) -> String {
        "json: cannot unmarshal \(kind) into Go value of type map[string]interface {}"
    }

    static let rows = [
        Row(#"{"auths": {"a": {"auth": "eA==", "n": [1, -2.5e+3, true, false, null, "\u00e9\n"]}}}"#, nil),
        Row(" null ", nil),
        Row("", "unexpected end of JSON input"),
        Row("{", "unexpected end of JSON input"),
        Row(#"{"a": "b"#, "unexpected end of JSON input"),
        Row("{auths: {}}", "invalid character 'a' looking for beginning of object key string"),
        Row("{'a': 1}", #"invalid character '\'' looking for beginning of object key string"#),
        Row("auths", "invalid character 'a' looking for beginning of value"),
        Row(#"{"a"}"#, "invalid character '}' after object key"),
        Row(#"{"a": 1 "b": 2}"#, "invalid character '\"' after object key:value pair"),
        Row(#"{"a": [1 2]}"#, "invalid character '2' after array element"),
        Row(#"{"a": 1,}"#, "invalid character '}' looking for beginning of object key string"),
        Row(#"{"a": [1,]}"#, "invalid character ']' looking for beginning of value"),
        Row("{} x", "invalid character 'x' after top-level value"),
        Row(#"{"a": tru}"#, "invalid character '}' in literal true (expecting 'e')"),
        Row("nul", "invalid character ' ' in literal null (expecting 'l')"),
        Row("-", "invalid character ' ' in numeric literal"),
        Row(#"{"a": 1.}"#, "invalid character '}' after decimal point in numeric literal"),
        Row(#"{"a": 1e}"#, "invalid character '}' in exponent of numeric literal"),
        Row(#"{"a": 01}"#, "invalid character '1' after object key:value pair"),
        Row(#"{"a": "\x"}"#, "invalid character 'x' in string escape code"),
        Row(#"{"a": "\u00g0"}"#, "invalid character 'g' in \\u hexadecimal character escape"),
        Row("{\"a\": \"b\nc\"}", "invalid character '\\n' in string literal"),
        Row("{\"a\": \u{e9}}", "invalid character '\u{c3}' looking for beginning of value"),
        Row("[]", wrong("array")), Row(#""a""#, wrong("string")), Row("12", wrong("number")), Row("true", wrong("bool")),
        Row(#"{"a": 1e999}"#, "json: cannot unmarshal number 1e999 into Go value of type float64"),
    ]

    @Test(arguments: rows) func documents(row: Row) {
        let data = Data(row.text.utf8).base64EncodedString()
        let manifest = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/dockerconfigjson\n"
            + "data: {.dockerconfigjson: '\(data)'}"
        let wanted = row.fault.map {
            ["data[.dockerconfigjson]: Invalid value: \"<secret contents redacted>\": \($0)"]
        }
        #expect(AdmissionText.refusal(manifest) == wanted ?? [])
    }
}
