import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import Logging
import MediaEngine
import Net
import SansIO
import Telephony
import TestSupport
import Testing

extension HostTests {
    @Suite("A host that cannot start")
    struct StartTests {
        /// Runs `body` with what a host needs, but without one.
        func withoutHost(_ body: (TemporaryFolder, Exchange, ModelStub) async throws -> Void) async throws {
            let folder = try TemporaryFolder("host")
            try TestHost.write(Setup().flows, in: folder)
            let exchange = try await Exchange.start()
            let model = try await ModelStub.start()
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body(folder, exchange, model))
            } catch {
                outcome = .failure(error)
            }
            await model.stop()
            await exchange.stop()
            try outcome.get()
        }

        /// Asserts that a host does not start, and why.
        func expectFailure(
            _ setup: Setup, _ folder: TemporaryFolder, _ exchange: Exchange, _ model: ModelStub, _ message: String,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async {
            do {
                let test = try await TestHost.start(setup, folder: folder, exchange: exchange, model: model)
                Issue.record("the host has started", sourceLocation: sourceLocation)
                await test.stop()
            } catch {
                #expect(error is HostError, sourceLocation: sourceLocation)
                #expect("\(error)" == message, sourceLocation: sourceLocation)
                expectSentences("\(error)", sourceLocation: sourceLocation)
            }
        }

        @Test("a SIP port in use is told with the setting that chooses another; the next start succeeds")
        func sipPort() async throws {
            try await withoutHost { folder, exchange, model in
                let holder = try await DatagramSocket.bind(host: Loopback.host, port: 0) { _, _ in
                } onError: { _, _ in
                }
                let port = holder.localAddress.port
                var setup = Setup()
                setup.configure = { $0.telephony.port = port }
                await expectFailure(
                    setup, folder, exchange, model,
                    "Cannot serve SIP: Cannot receive on UDP 127.0.0.1:\(port): the port is in use. Stop the process "
                        + "that holds it, or choose another port. Another port can be set with MOONLINE_SIP_PORT.")
                await holder.shutdown()
                let test = try await TestHost.start(setup, folder: folder, exchange: exchange, model: model)
                #expect(test.host.sipAddress == "127.0.0.1:\(port)")
                try await test.makeTrunk(exchange.address.description)
                try await test.expectGoodCall()
                await test.stop()
            }
        }

        @Test("an admin port in use is told, and the host goes on without it")
        func adminPort() async throws {
            try await TestHost.with { test in
                func serve(_ port: UInt16) async throws -> AdminServer {
                    try await AdminServer.start(
                        host: Loopback.host, port: port, apiKey: "key", apiSecret: Secret("secret"), agent: test.host,
                        logger: test.log.logger)
                }
                let first = try await serve(0)
                await #expect {
                    _ = try await serve(first.port)
                } throws: { error in
                    guard let error = error as? NetError else { return false }
                    return error.code == .addressInUse
                        && error.message
                            == "Cannot listen on 127.0.0.1:\(first.port): the port is in use. Stop the process that "
                            + "holds it, or choose another port."
                }
                try await test.expectGoodCall()
                let port = first.port
                await first.shutDown()
                await (try serve(port)).shutDown()
            }
        }

        @Test("media ports that are all taken fail the call, and the next one succeeds when they are free")
        func mediaPorts() async throws {
            var setup = Setup()
            setup.flows["patient.lua"] = TestHost.patientFlow
            let holder = try await DatagramSocket.bind(host: Loopback.host, port: 0) { _, _ in
            } onError: { _, _ in
            }
            let port = holder.localAddress.port & ~1
            setup.configure = { $0.media.ports = port...(port + 1) }
            try await TestHost.with(setup) { test in
                let call = try await test.call()
                call.expect(.trunkFailed, by: .fault, call.record.message ?? "")
                #expect(call.record.message?.contains("\(port)") == true)
                #expect(test.exchange.calls.value.isEmpty)
                await holder.shutdown()
                try await test.expectGoodCall()
            }
        }

        @Test("a data folder that cannot be made or written is told with its name")
        func dataFolder() async throws {
            try await withoutHost { folder, exchange, model in
                try folder.write("", to: "file")
                let path = folder.file("file/data")
                var setup = Setup()
                setup.configure = { $0.dataFolder = path }
                await expectFailure(
                    setup, folder, exchange, model,
                    "The folder \(path) cannot be made: Not a directory. Choose one that is writable.")
                setup.configure = { $0.dataFolder = "" }
                await expectFailure(
                    setup, folder, exchange, model, "The folder of the call database has no name.")
            }
        }

        @Test("a second host in the same data folder is refused, and the first goes on")
        func sharedFolder() async throws {
            try await TestHost.with { first in
                let data = first.folder.file("data")
                await expectFailure(
                    Setup(), first.folder, first.exchange, first.model,
                    "Another host uses \(data). Stop it, or give another folder by --data.")
                try await first.expectGoodCall()
                await first.stop()
                let second = try await TestHost.start(
                    folder: first.folder, exchange: first.exchange, model: first.model)
                try await second.expectGoodCall()
                await second.stop()
            }
        }

        @Test("a damaged database is told with what to do, and is left alone")
        func damagedDatabase() async throws {
            try await withoutHost { folder, exchange, model in
                try FileManager.default.createDirectory(
                    atPath: folder.file("data"), withIntermediateDirectories: true)
                let garbage = String(repeating: "this is no database. ", count: 500)
                try folder.write(garbage, to: "data/calls.sqlite")
                let path = folder.file("data/calls.sqlite")
                await expectFailure(
                    Setup(), folder, exchange, model,
                    "The call database \(path) is damaged. Move it away; a new one is made at the next start.")
                #expect(folder.text(of: "data/calls.sqlite") == garbage)
                try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
                let test = try await TestHost.start(folder: folder, exchange: exchange, model: model)
                try await test.makeTrunk(exchange.address.description)
                try await test.expectGoodCall()
                await test.stop()
            }
        }

        @Test("a folder of calls that cannot be written costs the files, never the call")
        func callsFolder() async throws {
            try await withoutHost { folder, exchange, model in
                try FileManager.default.createDirectory(
                    atPath: folder.file("data"), withIntermediateDirectories: true)
                try folder.write("", to: "data/calls")
                let test = try await TestHost.start(folder: folder, exchange: exchange, model: model)
                try await test.makeTrunk(exchange.address.description)
                let call = try await test.call()
                #expect(call.record.outcome == "completed")
                #expect(call.record.transcript == [["role": "agent", "text": "Beep."]])
                #expect(call.record.recordingPath == nil)
                #expect(call.record.eventLogPath == nil)
                let errors = test.log.lines(from: .error).map(\.text)
                #expect(
                    errors.contains { $0.hasPrefix("the call's files cannot be written: \(folder.file("data/calls"))") }
                )
                #expect(errors.contains { $0.hasPrefix("the call is not recorded: ") })
                await test.stop()
            }
        }
    }
}
