import AgentHost
import ArgumentParser
import SansIO
import ScriptAPI
import Synchronization
import Testing

@testable import moonline

@Suite("What is said about flows")
struct FlowTextTests {
    private func change(_ kind: FlowChange.Kind, version: String? = "bbb", previous: String? = "aaa") -> FlowChange {
        FlowChange(kind, path: "/srv/flows/good.lua", agent: "good", version: version, previous: previous)
    }

    @Test("each change is a line with agent, versions, files and time")
    func lines() {
        var loaded = change(.loaded)
        loaded.files = ["/srv/flows/lib/prices.lua", "/srv/flows/good.lua"]
        for (duration, text) in [
            (Duration.microseconds(3), "0.1 ms"), (.microseconds(740), "0.7 ms"), (.milliseconds(14), "14 ms"),
        ] {
            loaded.duration = duration
            #expect(FlowText.line(loaded) == "good aaa → bbb (lib/prices.lua, flows/good.lua, \(text))")
        }
        #expect(FlowText.line(change(.loaded, previous: nil)) == "good bbb (flows/good.lua)")
        var canary = change(.canary)
        canary.share = 0.125
        #expect(FlowText.line(canary) == "good aaa → bbb for 12.5% of the new calls (flows/good.lua)")
        #expect(FlowText.line(change(.promoted)) == "good aaa → bbb for all new calls")
        #expect(
            FlowText.line(change(.rolledBack)) == "good aaa → bbb, rolled back until the file changes or is reloaded")
        #expect(FlowText.line(change(.mended)) == "good bbb goes on: flows/good.lua is as it was")
        #expect(
            FlowText.line(change(.refused, version: nil))
                == "flows/good.lua: the change is not used, version aaa goes on")
        #expect(FlowText.line(change(.refused, version: nil, previous: nil)) == "flows/good.lua: it is left out")
        #expect(FlowText.line(change(.removed)) == "good: flows/good.lua is gone, new calls are refused")
        #expect(
            FlowText.line(change(.heldBack))
                == "good: aaa goes on; bbb was rolled back, `moonline reload` serves it again")
        for kind in FlowChange.Kind.allCases { #expect(FlowText.line(change(kind)).contains("good")) }
    }

    @Test("a refusal shows its errors below, in lines that are not wrapped")
    func refusal() {
        let lines = Mutex<[String]>([])
        let view = ConversationView(isColored: false, width: 60) { line in lines.withLock { $0.append(line) } }
        var refused = change(.refused, version: nil)
        let long = String(repeating: "long ", count: 20)
        refused.diagnostics = [
            FlowDiagnostic(file: "flows/good.lua", line: 3, column: 7, message: long, hint: "write  x = 1")
        ]
        view.show(.change(refused))
        let shown = lines.withLock { $0 }
        #expect(shown.first?.hasPrefix("   0.0 s  refused   flows/good.lua: the change is not used,") == true)
        let indent = String(repeating: " ", count: 20)
        #expect(shown.suffix(2) == [indent + "flows/good.lua:3:7: error: \(long)", indent + "   hint: write  x = 1"])
    }

    @Test("a share is written in percent", arguments: [("10%", 0.1), ("10", 0.1), ("0.5%", 0.005), ("100%", 1)])
    func shares(_ text: String, _ fraction: Double) throws {
        #expect(Share(argument: text)?.fraction == fraction)
        #expect(try FlowOptions.parse(["--canary", text]).canary.fraction == fraction)
    }

    @Test("what is no share is refused", arguments: ["0", "0%", "101%", "-5%", "nan", "inf", "", "%", "ten"])
    func noShares(_ text: String) {
        #expect(Share(argument: text) == nil)
    }

    @Test("versions stand in a table, with a canary's share")
    func table() throws {
        let rows: JSON = [
            ["agent": "good", "version": "aaa", "state": "serving", "path": "flows/good.lua", "calls": 3],
            ["agent": "good", "version": "bbb", "state": "canary", "share": 0.1, "path": "flows/good.lua", "calls": 0],
            ["agent": "good", "version": "ccc", "state": "rolled_back", "path": "flows/good.lua"],
            ["agent": "", "state": "failed", "path": "flows/new.lua"], ["state": "serving"],
            ["agent": "good", "state": "unheard-of", "path": "x"],
        ]
        let versions = (rows.array ?? []).compactMap { FlowVersionStatus($0) }
        let lines = VersionsCommand.table(versions).lines.map { line in
            line.split(separator: "  ").map { $0.filter { $0 != " " } }
        }
        #expect(lines.count == 5)
        #expect(lines[1].prefix(3) == ["good", "aaa", "serving"] && lines[1].suffix(2) == ["3", "flows/good.lua"])
        #expect(lines[2][2] == "canary10%")
        #expect(lines[3][2] == "rolledback")
        #expect(lines[4].prefix(3) == ["-", "-", "failed"])
    }
}
