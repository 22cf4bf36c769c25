import Conversation
import SansIO
import ScriptAPI
import Testing

@testable import Replay

@Suite("What is said of a replay")
struct ReplayReportTests {
    private func text(_ edit: (String, String)?, width: Int = 80) throws -> String {
        let log = try Practice.call().log()
        let replay = try CallReplay(log, flow: try edit.map { try Practice.edited($0.0, $0.1) })
        return ReplayReport(width: width).text(of: replay.run(), replay)
    }

    @Test("agreement is one line with version and numbers")
    func agreement() throws {
        let lines = try text(nil).split(separator: "\n")
        #expect(lines.count == 2 || lines.count == 3)
        #expect(lines[0].contains("Call call_1 to +15105550100, "))
        #expect(lines[1].hasPrefix("✓ The flow does the same, to the end of the call: "))
    }

    @Test(
        "a difference stands side by side below the conversation before it, within the width", arguments: [40, 80, 132])
    func difference(width: Int) throws {
        let text = try text(("{ \"1pm\", \"2pm\" }", "{ \"3pm\" }"), width: width)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for line in lines { #expect(line.count <= width, "\(line)") }
        #expect(
            text.replacing("\n    ", with: " ").replacing("\n  ", with: " ").contains("does something else at 6.9 s"))
        guard width >= 80 else { return }
        #expect(text.contains("callee    Can I come on Friday?"))
        #expect(text.contains(#"action    look_up {"date":"Friday"}"#))
        #expect(text.contains("in the call (") && text.contains("│ now ("))
        let columns = lines.filter { $0.contains("│") }
        #expect(Set(columns.map { $0.prefix { $0 != "│" }.count }).count == 1)
        #expect(columns.count >= 3)
        #expect(text.contains("of the event log"))
    }

    @Test("colours are asked for, and never within the text")
    func colours() throws {
        let log = try Practice.call().log()
        let replay = try CallReplay(log, flow: try Practice.edited("How can I help you?\"", "What?\""))
        let report = ReplayReport { text, emphasis in "<\(emphasis):\(text)>" }.text(of: replay.run(), replay)
        #expect(report.contains("<bad:✗>") && report.contains("<faint:│>"))
        #expect(report.contains("<strong:in the call ("))
        let plain = ReplayReport().text(of: replay.run(), replay)
        #expect(!plain.contains("\u{1B}") && !plain.contains("<"))
    }

    @Test("what a terminal would obey is not printed")
    func control() throws {
        let text = try text(("How can I help you?\"", "\\27[2J\""))
        #expect(!text.contains("\u{1B}"))
    }

    @Test("what the model is told is remarked, and every remark is a sentence")
    func remarks() throws {
        let told = try text(("Be brief.", "Be kind."))
        #expect(told.contains("✗ edited.lua") || told.contains("/edited.lua as"))
        #expect(told.replacing("\n", with: " ").contains("which a replay cannot show: the instructions."))
    }

    @Test("for programs it is one object")
    func json() throws {
        let log = try Practice.call().log()
        let replay = try CallReplay(log, flow: try Practice.edited("How can I help you?\"", "What?\""))
        let json = replay.run().json(of: replay)
        #expect(json["identical"] == false && json["call"] == "call_1")
        #expect(json["divergence"]?["place"] == "on_answered")
        #expect(json["divergence"]?["replayed"]?.string?.hasSuffix("What?\")") == true)
        #expect(json["recorded"]?["version"]?.string == replay.recordedVersion)
        let same = try CallReplay(log)
        let agreement = same.run().json(of: same)
        #expect(agreement["identical"] == true && agreement["divergence"] == .null)
        #expect(agreement["end"] == "call_ended")
    }
}
