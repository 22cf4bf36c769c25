import SansIO
import Testing

@testable import ScriptAPI

@Suite("Schemas accept what their types say") struct SchemaTests {
    /// A random type as an annotation writes it, with values that it has and values that it has not.
    private struct Sample {
        var text: String
        var valid: [JSON]
        /// Empty where every value is right.
        var invalid: [JSON]
        /// Whether `[]` may stand behind it without brackets.
        var isAtom = true

        var element: String { isAtom ? text : "(\(text))" }
    }

    private static func sample(_ random: inout SeededRandom, depth: Int) -> Sample {
        switch Int.random(in: 0..<(depth == 0 ? 7 : 13), using: &random) {
        case 0: return Sample(text: "string", valid: ["", "é"], invalid: [5, true, .null, [], [:]])
        case 1: return Sample(text: "number", valid: [0, -1.5], invalid: ["5", false, .null, [1]])
        case 2: return Sample(text: "integer", valid: [7, -3, 2.0], invalid: [1.5, "1", .null])
        case 3: return Sample(text: "boolean", valid: [true, false], invalid: [0, "true", .null])
        case 4: return Sample(text: #""a"|'b'"#, valid: ["a", "b"], invalid: ["c", 1, .null], isAtom: false)
        case 5: return Sample(text: "-1|2", valid: [-1, 2, 2.0], invalid: [0, "2", .null], isAtom: false)
        case 6: return Sample(text: "table", valid: [[:], ["x": [1]]], invalid: ["x", 1, .null])
        case 7:
            let element = sample(&random, depth: depth - 1)
            return Sample(
                text: element.element + "[]", valid: [[], .array(element.valid), .array(element.valid.reversed())],
                invalid: ["x", .null, ["x": 1]] + element.invalid.map { .array([$0]) })
        case 8:
            let value = sample(&random, depth: depth - 1)
            return Sample(
                text: "table<string, \(value.text)>", valid: [[:]] + value.valid.map { ["k": $0] },
                invalid: [.null, 5] + value.invalid.filter { $0 != .null }.map { ["k": $0] })
        case 9:
            let first = sample(&random, depth: depth - 1)
            let second = sample(&random, depth: depth - 1)
            let isMarked = Bool.random(using: &random)
            let rest = isMarked ? "b?: \(second.text)" : "b: \(second.element)?"
            let valid: [JSON] = first.valid.flatMap { value in
                [["a": value], ["a": value, "b": .null]] + second.valid.map { ["a": value, "b": $0] }
            }
            return Sample(
                text: "{ a: \(first.text), \(rest) }", valid: valid,
                invalid: [[:], .null, ["a": first.valid[0], "c": 1]]
                    + first.invalid.map { ["a": $0] }
                    + second.invalid.filter { $0 != .null }.map { ["a": first.valid[0], "b": $0] })
        case 10:
            let first = sample(&random, depth: depth - 1)
            let second = sample(&random, depth: depth - 1)
            return Sample(
                text: "[\(first.text), \(second.text)]",
                valid: first.valid.flatMap { one in second.valid.map { [one, $0] } },
                invalid: [[], [first.valid[0]], [first.valid[0], second.valid[0], 1], .null]
                    + second.invalid.map { [first.valid[0], $0] })
        case 11:
            let first = sample(&random, depth: depth - 1)
            let second = sample(&random, depth: depth - 1)
            return Sample(
                text: "\(first.text)|\(second.text)", valid: first.valid + second.valid, invalid: [.null],
                isAtom: false)
        default: return Sample(text: "any", valid: [1, "x", [], [:], true], invalid: [])
        }
    }

    @Test("a schema takes every value of its type and no other, for random types", arguments: 0..<40 as Range<UInt64>)
    func randomTypes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let sample = Self.sample(&random, depth: 3)
            var scanner = AnnotationScanner(sample.text)
            var writer = SchemaWriter(types: DeclaredTypes())
            let schema = try writer.schema(of: try scanner.typeBeforeProse(), column: 1)
            for value in sample.valid {
                #expect(throws: Never.self, "\(sample.text): \(value.text) with \(schema.text)") {
                    try SchemaValidator.validate(value, against: schema)
                }
            }
            // A union takes what any of its members takes.
            guard !sample.text.contains("any"), !sample.text.contains("|") else { continue }
            for value in sample.invalid {
                #expect(throws: SchemaMismatch.self, "\(sample.text): \(value.text) with \(schema.text)") {
                    try SchemaValidator.validate(value, against: schema)
                }
            }
        }
    }

    @Test("what does not fit is named by its path")
    func paths() throws {
        let schema = try JSON(
            parsing:
                #"{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b":{"type":"integer"}},"required":["b"],"additionalProperties":false}},"p":{"type":"array","prefixItems":[{"type":"string"}],"items":{"type":"integer"},"minItems":1,"maxItems":2}},"required":[],"additionalProperties":false}"#
        )
        let cases: [(JSON, String)] = [
            (["a": [["b": 1], ["b": "x"]]], #"argument 'a[2].b' must be of type integer, got "x""#),
            (["a": [["b": 1], [:]]], "argument 'a[2].b' is missing"),
            (["a": [["b": 1, "bb": 2]]], "argument 'a[1].bb' is unknown (did you mean 'b'?)"),
            (["a": 5], "argument 'a' must be of type array, got 5"),
            (["p": []], "argument 'p' must have at least 1 elements, got 0"),
            (["p": ["a", 1, 2]], "argument 'p' must have at most 2 elements, got 3"),
            (["p": [1]], "argument 'p[1]' must be of type string, got 1"),
            (["p": ["a", "b"]], #"argument 'p[2]' must be of type integer, got "b""#),
            ([:], ""), (["a": .null], ""),
        ]
        for (value, expected) in cases {
            do throws(SchemaMismatch) {
                try SchemaValidator.validate(value, against: schema)
                #expect(expected.isEmpty, "\(value.text)")
            } catch {
                #expect("\(error)" == expected)
            }
        }
    }
}
