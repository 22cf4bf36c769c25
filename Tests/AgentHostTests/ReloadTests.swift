import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import Logging
import MediaEngine
import Net
import SansIO
import ScriptAPI
import Synchronization
import TestSupport
import Testing

extension HostTests {
    @Suite("Flows that change while calls run")
    struct ReloadTests {
        private static func patient(_ text: String) -> String { TestHost.patientFlow + "\n-- \(text)\n" }

        @Test("a call keeps its version, and its lines and its record name it")
        func callsInFlight() async throws {
            var setup = Setup()
            setup.flows = ["patient.lua": Self.patient("1")]
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let call = try await test.exchange.answered()
                let first = try #require(test.host.flowVersions.first)
                #expect(first.calls == 1)
                try test.folder.write(Self.patient("2"), to: "flows/patient.lua")
                _ = try await test.host.reloadFlows(agent: nil, isPromoted: false)
                let second = try #require(test.host.flowVersions.last?.version)
                #expect(second != first.version)
                let record = try #require(
                    try await test.stored { try await $0.calls(dispatchID: dispatch.id) }.first)
                #expect(record.scriptVersion == first.version)
                await test.exchange.hangUp(call)
                let ended = try await test.end(of: dispatch)
                #expect(ended.record.scriptVersion == first.version)
                #expect(test.host.flowVersions.map(\.calls) == [0, 0])
                let lines = test.log.lines.value.filter { $0.text.contains("call=\(record.id)") }
                #expect(lines.count > 2)
                for line in lines {
                    #expect(line.text.contains("script=\(first.version ?? "?")"), "\(line)")
                }
            }
        }

        @Test("200 reloads beside a call leave a bounded number of versions, and the call as it is")
        func manyReloads() async throws {
            var setup = Setup()
            setup.flows = ["patient.lua": Self.patient("0")]
            try await TestHost.with(setup) { test in
                let dispatch = try await test.dispatch(agent: "patient")
                let call = try await test.exchange.answered()
                let first = try #require(test.host.flowVersions.first?.version)
                func reload(_ numbers: ClosedRange<Int>) async throws {
                    for number in numbers {
                        try test.folder.write(Self.patient("\(number)"), to: "flows/patient.lua")
                        let changes = try await test.host.reloadFlows(agent: nil, isPromoted: false)
                        #expect(changes.count == 1 && changes[0].kind != .refused)
                    }
                }
                try await reload(1...50)
                let before = try Self.residentBytes()
                try await reload(51...200)
                let growth = try Self.residentBytes() - before
                let versions = test.host.flowVersions
                #expect(versions.count == 11)
                #expect(versions.first?.version == first && versions.first?.calls == 1)
                // A version that was kept would be some ten kilobytes.
                #expect(growth < 4 << 20, "150 reloads took \(growth / 1024) KiB")
                #expect(call.state.value == .answered)
                await test.exchange.hangUp(call)
                let ended = try await test.end(of: dispatch)
                #expect(ended.record.outcome == "completed")
                #expect(test.host.flowVersions.count == 10)
            }
        }

        /// Of this process; from `proc(5)`.
        private static func residentBytes() throws -> Int {
            let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return try #require(Int(fields[1])) * Int(getpagesize())
        }

        @Test("the admin API lists, reloads and rolls back, for tokens that may administer all rooms")
        func api() async throws {
            try await TestHost.with { test in
                let secret = Secret("secret of the test")
                let admin = try await AdminServer.start(
                    host: Loopback.host, port: 0, apiKey: "key", apiSecret: secret, agent: test.host,
                    logger: test.log.logger)
                let http = try HTTPClient()
                let url = "http://\(Loopback.host):\(admin.port)"
                let client = TwirpClient(
                    url: url, apiKey: "key", apiSecret: secret, client: http, now: { UnixTime.now / 1_000_000_000 })

                let listed = try await client.call("moonline.Flows/ListVersions", [:])
                let rows = (listed["versions"]?.array ?? []).compactMap { FlowVersionStatus($0) }
                #expect(rows == test.host.flowVersions && rows.count == 1)
                let first = try #require(rows.first?.version)

                try test.folder.write(TestHost.goodFlow + "--", to: "flows/good.lua")
                let reloaded = try await client.call("moonline.Flows/Reload", ["agent": "good"])
                let second = try #require(reloaded["flows"]?[0]?["version"]?.string)
                #expect(second != first)
                try test.folder.write("return {", to: "flows/good.lua")
                let refused = try await client.call("moonline.Flows/Reload", [:])
                let change = try #require(refused["flows"]?[0].flatMap { FlowChange($0) })
                #expect(change.kind == .refused && change.previous == second)
                #expect(change.diagnostics.first?.line == 1)
                #expect(change.diagnostics.first?.file == test.folder.file("flows/good.lua"))
                let back = try await client.call(
                    "moonline.Flows/Rollback", ["agent": "good", "version": .string(first)])
                #expect(back["outcome"] == "rolled_back" && back["version"] == .string(first))
                try await test.expectGoodCall()

                for (route, message, code) in [
                    ("Rollback", [:] as JSON, "invalid_argument"), ("Rollback", ["agent": "nobody"], "not_found"),
                    ("Rollback", ["agent": "good", "version": "xyz"], "not_found"),
                    ("Rollback", ["agent": "good"], "failed_precondition"), ("Rollback", ["agent": 7], "malformed"),
                    ("Reload", ["promote": "yes"], "malformed"), ("Reload", ["agent": "nobody"], "not_found"),
                    ("ListVersions", ["agent": "nobody"], "not_found"), ("Erase", [:], "bad_route"),
                ] {
                    await #expect("\(route) \(message)") {
                        _ = try await client.call("moonline.Flows/\(route)", message)
                    } throws: { error in
                        guard case TwirpClient.Failure.refused(let refusal, _)? = error as? TwirpClient.Failure
                        else { return false }
                        return refusal.code.rawValue == code
                    }
                }
                for grant in [nil, VideoGrant.admin(of: "test"), VideoGrant()] {
                    var token = AccessToken(issuer: "key", now: UnixTime.now / 1_000_000_000)
                    token.video = grant
                    let response = try await http.send(
                        HTTPRequest(
                            method: "POST", target: url + "/twirp/moonline.Flows/ListVersions",
                            headers: [
                                "Authorization": "Bearer \(token.signed(secret: secret))",
                                "Content-Type": "application/json",
                            ]))
                    #expect(response.status == 401)
                }
                await admin.shutDown()
            }
        }
    }
}
