import AgentHost
import CallStore
import Conversation
import Foundation
import LiveKit
import MediaEngine
import Net
import Replay
import SansIO
import ScriptAPI
import Telephony
import TestSupport
import Testing
import VoiceAgent

/// All tests of a whole host.
///
/// One after the other: each has media threads and sockets of its own, and some look at single packets.
@Suite("The host", .serialized, .timeLimit(.minutes(2)))
struct HostTests {}

/// A host with all that it talks to: a model, a telephone network, a folder.
struct TestHost: Sendable {
    struct Setup: Sendable {
        /// Texts of flows by the names of their files.
        var flows = ["good.lua": TestHost.goodFlow]
        /// What the trunk does with calls, by number.
        var plan: [String: Exchange.Behaviour] = [:]
        /// Whether the host has a trunk, which leads to ``TestHost/exchange``.
        var hasTrunk = true
        var password: String?
        var configure: @Sendable (inout HostConfiguration) -> Void = { _ in }
    }

    let host: AgentHost
    let configuration: HostConfiguration
    let model: ModelStub
    let exchange: Exchange
    let log: CollectedLog
    let observations: Watched<[CallObservation]>
    let folder: TemporaryFolder

    /// An agent that says a word and hangs up.
    static let goodFlow = flow(
        "good",
        """
        on_answered = function(call)
          call:say("Hello.")
          call:hangup { after_playout = true }
        end,
        """)

    /// An agent that says a word and stays on the line.
    static let patientFlow = flow("patient", "on_answered = function(call) call:say(\"Hello.\") end,")

    /// - Parameters:
    ///   - fields: Further fields of the agent, each with its comma.
    ///   - before: What stands before the agent, from the second line on.
    static func flow(_ name: String, _ fields: String = "", before: String = "") -> String {
        """
        local moonline = require "moonline"
        \(before)
        return moonline.agent {
          name = "\(name)", instructions = "Be brief.",
          \(fields)
        }
        """
    }

    /// Runs `body` with a host, and shuts everything down.
    static func with<Outcome: Sendable>(
        _ setup: Setup = Setup(), _ body: (TestHost) async throws -> Outcome
    ) async throws -> Outcome {
        let folder = try TemporaryFolder("host")
        try write(setup.flows, in: folder)
        let exchange = try await Exchange.start(setup.plan)
        let model = try await ModelStub.start()
        let outcome: Result<Outcome, any Error>
        do {
            let test = try await start(setup, folder: folder, exchange: exchange, model: model)
            if setup.hasTrunk { try await test.makeTrunk(exchange.address.description, password: setup.password) }
            do {
                outcome = .success(try await body(test))
            } catch {
                outcome = .failure(error)
            }
            await test.stop()
        } catch {
            outcome = .failure(error)
        }
        await model.stop()
        await exchange.stop()
        return try outcome.get()
    }

    /// Starts a host alone.
    static func start(
        _ setup: Setup = Setup(), folder: TemporaryFolder, exchange: Exchange, model: ModelStub
    ) async throws -> TestHost {
        var configuration = HostConfiguration(
            flowsFolder: folder.file("flows"), dataFolder: folder.file("data"),
            model: RealtimeConfiguration(baseURL: model.baseURL, apiKey: ModelStub.key, model: "stub"))
        configuration.modelOptions.transcriptionModel = nil
        configuration.telephony.bindAddress = Loopback.host
        configuration.telephony.port = 0
        configuration.media.bindAddress = Loopback.host
        // Fifty calls at once would take those of test calls that another process plays meanwhile.
        configuration.media.ports = 20_000...26_998
        setup.configure(&configuration)
        let log = CollectedLog()
        let observations = Watched<[CallObservation]>([])
        let host = try await AgentHost.start(configuration, logger: log.logger) { observation in
            observations.update { $0.append(observation) }
        }
        return TestHost(
            host: host, configuration: configuration, model: model, exchange: exchange, log: log,
            observations: observations, folder: folder)
    }

    static func write(_ flows: [String: String], in folder: TemporaryFolder) throws {
        try FileManager.default.createDirectory(
            atPath: folder.file("flows"), withIntermediateDirectories: true)
        for (name, text) in flows { try folder.write(text, to: "flows/" + name) }
    }

    func stop() async {
        await host.hangUpAll(reason: "the test is over")
        await host.drain()
        await host.shutDown()
    }

    // MARK: Trunks and calls

    @discardableResult
    func makeTrunk(_ address: String, password: String? = nil) async throws -> OutboundTrunk {
        var trunk = OutboundTrunk()
        trunk.name = "test"
        trunk.address = address
        trunk.numbers = ["+15105550123"]
        if let password {
            trunk.authUsername = Exchange.username
            trunk.authPassword = Secret(password)
        }
        return try await host.adminBackend.createTrunk(trunk)
    }

    /// Takes another trunk in place of those that there are.
    func replaceTrunk(_ address: String, password: String? = nil) async throws {
        for trunk in try await host.adminBackend.listTrunks() {
            _ = try await host.adminBackend.deleteTrunk(trunk.id)
        }
        try await makeTrunk(address, password: password)
    }

    func dispatch(_ metadata: String = "+15105550100", agent: String = "good") async throws(TwirpError) -> Dispatch {
        try await host.createDispatch(DispatchRequest(agentName: agent, room: "test", metadata: metadata))
    }

    /// Has an agent call, and waits for the call's end.
    func call(_ metadata: String = "+15105550100", agent: String = "good") async throws -> EndedCall {
        try await end(of: dispatch(metadata, agent: agent))
    }

    /// Waits for the end of a dispatch's call.
    func end(of dispatch: Dispatch) async throws -> EndedCall {
        let report = await host.report(dispatchID: dispatch.id)
        let records = try await stored { try await $0.calls(dispatchID: dispatch.id) }
        let record = try #require(records.first, "the call has left no record")
        if let path = record.eventLogPath { try expectReplayable(path) }
        let listed = try await host.listDispatches(room: "test", id: dispatch.id)
        let seen = observations.value.filter { $0.callID == record.id }.map(\.observation)
        return EndedCall(
            dispatch: try #require(listed.first), report: report, record: record, observations: seen)
    }

    /// Runs a call again from its event log: it does the same.
    private func expectReplayable(_ path: String) throws {
        let log = try CallLog(parsing: try Data(contentsOf: URL(fileURLWithPath: path)))
        let variables = configuration.scriptEnvironment.variables
        let result = try CallReplay(log, variables: variables).run()
        #expect(result.isIdentical && log.isComplete, "\(result)")
    }

    /// Looks into the host's database, as another process would.
    func stored<Found: Sendable>(_ look: (CallStore) async throws -> Found) async throws -> Found {
        let store = try await CallStore.open(folder: configuration.dataFolder)
        let found = try await look(store)
        try store.close()
        return found
    }

    /// Waits for an observation of any call.
    @discardableResult
    func observe<Found: Sendable>(
        _ what: String, _ match: @escaping @Sendable (Observation) -> Found?
    ) async throws -> Found {
        try await observations.wait(for: what) { $0.lazy.compactMap { match($0.observation) }.first }
    }

    /// The process goes on: a call that nothing stands in the way of is made, and ends well.
    func expectGoodCall(_ metadata: String = "+15105550100", sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        let call = try await call(metadata)
        #expect(call.record.outcome == "completed", "\(call.record.message ?? "")", sourceLocation: sourceLocation)
        #expect(call.record.hungUpBy == "agent", sourceLocation: sourceLocation)
        #expect(call.record.transcript == [["role": "agent", "text": "Beep."]], sourceLocation: sourceLocation)
    }
}

/// All that is left of a call.
struct EndedCall: Sendable {
    let dispatch: Dispatch
    /// `nil` when the call was over before it could be asked for.
    let report: CallReport?
    let record: CallRecord
    let observations: [Observation]

    /// Messages of the call's faults, in order.
    var faults: [CallFault] {
        observations.compactMap { if case .fault(let fault) = $0 { fault } else { nil } }
    }

    /// Checks that report, record and dispatch tell the same of a call that came to nothing, and that they tell it in
    /// one sentence.
    func expect(
        _ kind: CallOutcome.Kind, sipStatus: Int? = nil, by party: CallOutcome.Party, _ message: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(record.outcome == kind.rawValue, sourceLocation: sourceLocation)
        #expect(record.sipStatus == sipStatus, sourceLocation: sourceLocation)
        #expect(record.hungUpBy == party.rawValue, sourceLocation: sourceLocation)
        #expect(record.message == message, sourceLocation: sourceLocation)
        #expect(record.endedAt != nil, sourceLocation: sourceLocation)
        #expect(dispatch.jobs.map(\.status) == [.failed], sourceLocation: sourceLocation)
        #expect(dispatch.jobs.map(\.error) == [message], sourceLocation: sourceLocation)
        if let report {
            #expect(report.outcome.kind == kind, sourceLocation: sourceLocation)
            #expect(report.outcome.message == message, sourceLocation: sourceLocation)
        }
        expectSentences(record.message ?? "", sourceLocation: sourceLocation)
    }
}

/// Checks the form of a message to an operator: a sentence or two on one line, without what a program says to itself.
func expectSentences(_ message: String, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(message.first.map { $0.isUppercase || $0 == "“" } == true, "\(message)", sourceLocation: sourceLocation)
    #expect(message.hasSuffix("."), "\(message)", sourceLocation: sourceLocation)
    for mark in ["..", ".)", "\n", "  ", "nil", "Error(", "Optional("] {
        #expect(!message.contains(mark), "\(message)", sourceLocation: sourceLocation)
    }
}
