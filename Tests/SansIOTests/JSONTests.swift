import SansIO
import Testing

@Suite("JSON (RFC 8259)")
struct JSONTests {
    @Test(
        "What is read is written back",
        arguments: [
            "null", "true", "[]", "{}", "[1,-2,3.5,\"a\\nb\"]", "{\"a\":{\"b\":[null,false]},\"c\":\"ü€😀\"}", "-0.25",
        ])
    func roundTrip(text: String) throws {
        #expect(try JSON(parsing: text).text == text)
    }

    @Test("Escapes, surrogate pairs and lone surrogates")
    func escapes() throws {
        #expect(try JSON(parsing: #""\u00fc\ud83d\ude00\/\t""#).string == "ü😀/\t")
        #expect(try JSON(parsing: #""\ud83dx""#).string == "\u{FFFD}x")
    }

    @Test(
        "Bad texts are refused at the offending byte",
        arguments: [
            ("", 0, JSONError.Reason.unexpectedEnd), ("[1,]", 3, .unexpectedCharacter),
            ("{\"a\" 1}", 5, .unexpectedCharacter),
            ("01", 1, .badNumber), ("1 2", 2, .trailingText), ("\"\\x\"", 2, .badEscape), ("\"abc", 4, .unexpectedEnd),
            ("nul", 3, .unexpectedEnd), ("1e999", 0, .badNumber), ("\"\u{1}\"", 1, .unexpectedCharacter),
        ])
    func refused(text: String, offset: Int, reason: JSONError.Reason) {
        #expect(throws: JSONError(offset: offset, reason: reason)) { try JSON(parsing: text) }
    }

    @Test("Deep nesting is an error, not a stack overflow")
    func depth() {
        let text = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test("Invalid UTF-8 is refused")
    func utf8() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("Random damage never traps", arguments: 0..<200)
    func mutated(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = Array(#"{"type":"x","a":[1,2.5e3,"\u0041\ud83d\ude00",{"b":null}],"c":true}"#.utf8)
        for _ in 0..<4 {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        if let value = try? JSON(parsing: bytes) {
            #expect((try? JSON(parsing: value.bytes)) == value)
        }
    }

    @Test("The last of several equal keys wins, order is kept")
    func keys() throws {
        #expect(try JSON(parsing: #"{"b":1,"a":2,"b":3}"#).text == #"{"b":3,"a":2}"#)
        #expect(JSONObject(members: [("b", 1), ("a", 2), ("b", 3)]) == ["b": 3, "a": 2])
    }

    @Test("Objects of very many members, also equal ones, take linear time", .timeLimit(.minutes(1)))
    func manyMembers() throws {
        let keys = (0..<100_000).map { "k\($0)" }
        let text = "{" + (keys + keys).map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try JSON(parsing: text).object?.count == keys.count)
        let object = JSONObject(members: (keys + keys).map { ($0, 1) })
        #expect(object.count == keys.count)
        #expect(object.mapValues { _ in 2 }["k7"] == 2)
    }
}

@Suite("Base64 (RFC 4648)")
struct Base64Tests {
    @Test(
        "Test vectors of RFC 4648 §10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ])
    func vectors(plain: String, encoded: String) {
        #expect(Base64.encode(plain.utf8) == Array(encoded.utf8))
        #expect(Base64.decode(encoded.utf8) == Array(plain.utf8))
    }

    @Test("Strangers are refused", arguments: ["Zg=a", "Z", "Zm9v!"])
    func refused(text: String) {
        #expect(Base64.decode(text.utf8) == nil)
    }

    @Test("Both alphabets carry every byte")
    func allBytes() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
        #expect(Base64.decode(Base64.encode(bytes, alphabet: .urlSafe)) == bytes)
    }
}
