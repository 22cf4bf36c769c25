import Foundation
import Testing

@testable import moonline

@Suite("Settings")
struct SettingsTests {
    @Test(
        "a line is NAME=value, with or without export, quotation marks and a comment",
        arguments: [
            ("A=b", "b"), ("A = b ", "b"), ("export A=b", "b"), ("  export   A=b", "b"), ("A=\"b c\"", "b c"),
            ("A='b c'", "b c"), ("A=\"b # c\" # d", "b # c"), ("A='it said \"b\"'", "it said \"b\""),
            ("A=b # comment", "b"), ("A=b#c", "b#c"), ("A=#c", "#c"), ("A=b=c", "b=c"), ("A=", ""), ("A=\"\"", ""),
            ("A=+15105550100", "+15105550100"), ("A=ä", "ä"),
        ])
    func line(_ text: String, _ value: String) throws {
        #expect(try Settings.parse(text, path: ".env") == ["A": value])
    }

    @Test("empty lines, comments, CRLF and a missing last line end are no matter; of equal names the last counts")
    func file() throws {
        let text = "# the trunk\r\n\r\nA=1\r\n  # more\r\nexport B=\"2\"\r\n\tC='3'\r\nA=4"
        #expect(try Settings.parse(text, path: ".env") == ["A": "4", "B": "2", "C": "3"])
        #expect(try Settings.parse("", path: ".env").isEmpty)
    }

    @Test(
        "what is no setting is told with its line",
        arguments: [
            ("A=1\n\nB", ".env:3: expected NAME=value."), ("=1", ".env:1: expected NAME=value."),
            ("A=1\r\nexport\r\n", ".env:2: expected NAME=value."),
            ("A=\"1\nB=2", ".env:1: the quotation mark is not closed."),
            ("A='1\"", ".env:1: the quotation mark is not closed."),
        ])
    func errors(_ text: String, _ message: String) {
        #expect {
            try Settings.parse(text, path: ".env")
        } throws: { "\($0)" == message }
    }

    /// A folder with a file `.env`, removed after `body`.
    func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("settings-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/.env"))
        let outcome = Result { try body(folder) }
        try FileManager.default.removeItem(atPath: folder)
        try outcome.get()
    }

    @Test("the environment wins over the file, and an empty value counts as not set")
    func precedence() throws {
        try withFile(Array("A=file\nB=file\nC=file\nD=\n".utf8)) { folder in
            let settings = try Settings(environment: ["A": "environment", "B": ""], folder: folder)
            #expect(settings["A"] == "environment")
            #expect(settings["B"] == "file")
            #expect(settings["C"] == "file")
            #expect(settings["D"] == nil)
            #expect(settings["E"] == nil)
        }
    }

    @Test("a folder without the file is fine, a file that is no text is told")
    func noText() throws {
        #expect(try Settings(environment: ["A": "1"], folder: "/nonexistent")["A"] == "1")
        try withFile([0x41, 0x3D, 0xFF, 0xFE]) { folder in
            #expect {
                _ = try Settings(environment: [:], folder: folder)
            } throws: { "\($0)" == "\(folder)/.env cannot be read as text. Check its permissions, or remove it." }
        }
    }

    @Test("numbers and ranges of ports are checked where they are read")
    func values() throws {
        let settings = try Settings(
            environment: [
                "PORT": "5070", "HIGH": "70000", "WORD": "many", "PORTS": "20000-20100", "BACKWARDS": "200-100",
                "LOW": "80-90", "ONE": "16384", "THREE": "1-2-3",
            ], folder: "/nonexistent")
        #expect(try settings.integer("PORT", in: 0...65_535, default: 5060) == 5070)
        #expect(try settings.integer("NONE", in: 0...65_535, default: 5060) == 5060)
        #expect(try settings.ports("PORTS", default: 16_384...32_766) == 20_000...20_100)
        #expect(try settings.ports("NONE", default: 16_384...32_766) == 16_384...32_766)
        for name in ["HIGH", "WORD"] {
            #expect {
                try settings.integer(name, in: 0...65_535, default: 5060)
            } throws: { "\($0)" == "\(name)=\(settings[name] ?? "") is not a whole number from 0 to 65535." }
        }
        for name in ["BACKWARDS", "LOW", "ONE", "THREE", "WORD"] {
            #expect {
                try settings.ports(name, default: 16_384...32_766)
            } throws: {
                "\($0)" == "\(name)=\(settings[name] ?? "") is not a range of ports. Write it like 16384-32766."
            }
        }
    }
}
