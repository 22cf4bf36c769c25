import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import Logging
import MediaEngine
import SansIO
import TestSupport
import Testing

extension HostTests {
    @Suite("Flow files that cannot be used")
    struct FlowFileTests {
        /// A file that is wrong, and what the operator reads: place, what, and what to write.
        static let broken: [(text: String, place: String, what: String)] = [
            (
                "local moonline = require \"moonline\"\nreturn moonline.agent { name = }\n",
                "flows/broken.lua:2:", "expression expected, found '}'"
            ),
            ("error(\"no database\")\n", "flows/broken.lua:1: ", "no database"),
            (
                TestHost.flow(
                    "broken", "actions = CallActions,",
                    before: "local CallActions = {}\n"
                        + "---Books a time.\nfunction CallActions:book(day) end"),
                "flows/broken.lua:4:", "parameter 'day' of action 'book' has no annotation"
            ),
            (
                TestHost.flow(
                    "broken", "actions = CallActions,",
                    before: "local CallActions = {}\n"
                        + "---@param day string\nfunction CallActions:book(day) end"),
                "flows/broken.lua:4:", "action 'book' has no description"
            ),
            (
                TestHost.flow("broken", "on_anwered = function() end,"),
                "flows/broken.lua:5:", "unknown handler 'on_anwered'"
            ),
            ("return 7\n", "flows/broken.lua:1:", "the flow's file must return an agent"),
            ("while true do end\n", "flows/broken.lua:1: ", "without waiting"),
            ("return require \"nowhere\"\n", "flows/broken.lua:1:16: ", "there is no module 'nowhere'"),
        ]

        @Test("a file that is wrong is told with file and line, and the other flows go on serving", arguments: broken)
        func brokenFile(_ text: String, _ place: String, _ what: String) async throws {
            var setup = Setup()
            setup.flows["broken.lua"] = text
            try await TestHost.with(setup) { test in
                let errors = test.log.lines(from: .error).map(\.text)
                #expect(errors.count == 1)
                let error = try #require(errors.first)
                #expect(error.contains(test.folder.file(place)), "\(error)")
                #expect(error.contains(what), "\(error)")
                #expect(
                    error.hasSuffix("The flow \(test.folder.file("flows/broken.lua")) cannot be used; it is left out."))
                #expect(await test.host.agentNames == ["good"])
                await #expect {
                    try await test.dispatch(agent: "broken")
                } throws: { error in
                    guard let error = error as? TwirpError else { return false }
                    return error.code == .notFound
                        && error.message == "there is no agent “broken”; this host has: good"
                }
                try await test.expectGoodCall()
                // It was told once, not with every call.
                #expect(test.log.lines(from: .error).count == 1)
            }
        }

        @Test("a flow that is edited serves the next call; one that is spoilt goes on as it was until it is mended")
        func edited() async throws {
            try await TestHost.with { test in
                try await test.expectGoodCall()
                let first = try #require(try await test.stored { try await $0.calls() }.first?.scriptVersion)

                try test.folder.write("return moonline.agent {", to: "flows/good.lua")
                let line = try await test.log.line(containing: "cannot be used")
                #expect(line.text.contains("flows/good.lua:1:"))
                #expect(line.text.hasSuffix("cannot be used; version \(first) goes on."))
                try await test.expectGoodCall()

                try test.folder.write(TestHost.goodFlow + "\n-- mended\n", to: "flows/good.lua")
                try await test.log.line(containing: "previous=\(first)")
                try await test.expectGoodCall()
                let versions = try await test.stored { try await $0.calls() }.map(\.scriptVersion)
                #expect(versions[1] == first)
                #expect(versions[0] != first)
            }
        }

        @Test("a folder without any flow that works stops the start, and says what is missing")
        func noFlows() async throws {
            let exchange = try await Exchange.start()
            let model = try await ModelStub.start()
            let folder = try TemporaryFolder("host")
            try TestHost.write([:], in: folder)
            let flows = folder.file("flows")
            await #expect {
                _ = try await TestHost.start(folder: folder, exchange: exchange, model: model)
            } throws: {
                "\($0)" == "There is no flow in \(flows): put a .lua file there that returns moonline.agent { … }."
            }
            try folder.write("return", to: "flows/a.lua")
            try folder.write("return moonline.agent {}", to: "flows/ignored.txt")
            await #expect {
                _ = try await TestHost.start(folder: folder, exchange: exchange, model: model)
            } throws: { "\($0)" == "No flow in \(flows) can be used; the errors stand above." }
            // Mending a file is all it takes.
            try folder.write(TestHost.goodFlow, to: "flows/a.lua")
            let test = try await TestHost.start(folder: folder, exchange: exchange, model: model)
            try await test.makeTrunk(exchange.address.description)
            try await test.expectGoodCall()
            await test.stop()
            await model.stop()
            await exchange.stop()
        }
    }
}
