import SansIO
import Testing

@testable import Conversation

@Suite("What others do for the script")
struct ServiceTests {
    private static let get = ServiceRequest.store(.get(key: "k"))
    private static let http = ServiceRequest.http(
        .init(method: "GET", url: "https://example.com/", headers: [:], body: [], timeout: .seconds(10)))

    @Test("The reply goes to the one who asked, once")
    func reply() throws {
        var (call, task) = CallHarness.answered([.onDTMF])
        call.yields(.service(Self.get), task)
        #expect(call.last.contains(.service(task, Self.get)))
        call.press("1")
        let other = try #require(call.task(.onDTMF))
        call.yields(.service(Self.http), other)
        call.send(.service(other, .reply(.failure(code: .failed, message: "no route"))))
        #expect(call.reply(to: other) == .failure(code: .failed, message: "no route"))
        #expect(call.reply(to: task) == nil)
        call.returns([], other)
        call.send(.service(task, .reply(.value("v"))))
        call.send(.service(task, .reply(.value("again"))))
        #expect(call.reply(to: task) == .value("v"))
        #expect(call.count { if case .script(.resume(task, _, _)) = $0 { true } else { false } } == 1)
    }

    @Test("A reply to nobody is nothing")
    func stranger() {
        var (call, task) = CallHarness.answered()
        call.yields(.sleep(.seconds(10)), task)
        call.send(.service(task, .reply(.value("x"))))
        call.send(.service(task, .audio([1, 2])))
        call.send(.service(ScriptTaskID(number: 99), .reply(.value("x"))))
        #expect(call.reply(to: task) == nil)
        #expect(call.played.isEmpty)
    }

    @Test("More requests than a call may have under way: limit_reached; a reply makes room")
    func limit() throws {
        var limits = CallSession.Limits()
        limits.scriptRequests = 1
        var (call, task) = CallHarness.answered([.onDTMF], limits: limits)
        call.yields(.play(source: "a.wav", interruptible: true), task)
        call.press("1")
        let other = try #require(call.task(.onDTMF))
        call.yields(.service(Self.get), other)
        #expect(call.code(for: other) == .limitReached)
        #expect(!call.did(.service(other, Self.get)))
        call.send(.service(task, .reply(.failure(code: .notFound, message: "no"))))
        call.yields(.service(Self.get), other)
        #expect(call.did(.service(other, Self.get)))
    }

    @Test("An action that runs out of time takes its request along")
    func actionTimeout() {
        var call = CallHarness.quiet()
        call.call("look_up")
        let task = call.lastTask
        call.yields(.service(Self.http))
        call.advance(.seconds(30))
        #expect(call.last.contains(.cancelService(task)))
        #expect(call.last.contains(.script(.cancel(task))))
        call.send(.service(task, .reply(.value("late"))))
        #expect(call.reply(to: task) == nil)
        #expect(call.outputs["call_look_up_0"] == #"{"error":"look_up did not finish in time"}"#)
    }

    @Test("A hang-up cancels what is under way")
    func hangUp() {
        var (call, task) = CallHarness.answered()
        call.yields(.service(Self.http), task)
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.last.contains(.cancelService(task)))
        #expect(call.code(for: task) == .callEnded)
    }

    @Test("on_hangup may still ask for http and store, and is stopped with them behind its time")
    func onHangUp() throws {
        var call = CallHarness.quiet([.onHangup])
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        let task = try #require(call.task(.onHangup))
        call.yields(.service(Self.get), task)
        #expect(call.did(.service(task, Self.get)))
        call.send(.service(task, .reply(.value("v"))))
        #expect(call.reply(to: task) == .value("v"))
        call.yields(.service(Self.http), task)
        call.advance(.seconds(5))
        #expect(call.did(.cancelService(task)))
        #expect(call.did(.script(.cancel(task))))
        #expect(call.outcome != nil)
    }

    @Test(
        "on_hangup may ask for nothing that needs the call",
        arguments: [
            ScriptRequest.service(.record(path: nil)), .service(.stopRecording),
            .play(source: "a", interruptible: true),
            .gatherDTMF(DTMFGathering(maximum: 1, timeout: .seconds(1), terminator: nil)), .stopSpeaking,
            .sendText(role: "user", text: "x"), .setInstructions("x"), .setActions([]), .setVoice("cedar"), .mute(true),
            .transfer(target: "+1"), .waitForPlayout, .hangup(reason: nil, afterPlayout: true), .cancelTimer(1),
        ])
    func notInOnHangUp(request: ScriptRequest) throws {
        var call = CallHarness.quiet([.onHangup])
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        let task = try #require(call.task(.onHangup))
        call.yields(request, task)
        #expect(call.code(for: task) == .callEnded)
        call.returns([], task)
        #expect(call.outcome?.kind == .completed)
    }
}
