import SansIO
import Testing

@testable import Conversation

@Suite("A call from its start to its answer")
struct CallLifeTests {
    @Test("The INVITE goes out only when the model is connected and configured")
    func order() {
        var call = CallHarness()
        call.send(.start)
        #expect(call.last.contains(.connectModel))
        #expect(!call.log.isDialled)
        call.send(.model(.connected))
        guard case .updateSession(let settings)? = call.sent.first else {
            Issue.record("no session.update")
            return
        }
        #expect(settings.instructions == "Be brief.")
        #expect(settings.voice == "marin")
        #expect(settings.tools.count == 3)
        #expect(!call.log.isDialled)
        call.server(.sessionCreated(id: "sess_1", model: "m"))
        #expect(!call.log.isDialled)
        call.server(.sessionUpdated(id: "sess_1", model: "m"))
        #expect(call.last.contains(.dial(.init(ringTimeout: .seconds(45)))))
        #expect(call.observations.contains(.modelReady(sessionID: "sess_1", model: "m")))
    }

    @Test("on_dial runs first and may give caller ID, headers and ring timeout")
    func onDial() {
        var call = CallHarness(handlers: [.onDial])
        call.send(.start)
        #expect(call.startedHandlers == [.onDial])
        #expect(!call.log.contains(.connectModel))
        call.returns([
            ["caller_id": "+15105550111", "ring_timeout": 20, "headers": ["X-Campaign": "spring", "X-Try": 2]]
        ])
        #expect(call.last.contains(.connectModel))
        call.send(.model(.connected))
        call.server(.sessionUpdated(id: "s", model: "m"))
        #expect(
            call.last.contains(
                .dial(
                    .init(
                        callerID: "+15105550111", headers: ["X-Campaign": "spring", "X-Try": "2"],
                        ringTimeout: .seconds(20)))))
    }

    @Test("A header that would break the message is not sent")
    func hostileHeader() {
        var call = CallHarness(handlers: [.onDial])
        call.send(.start)
        call.returns([["headers": ["X-Good": "1", "X-Bad": "a\r\nVia: evil", "X Space": "1"]]])
        call.send(.model(.connected))
        call.server(.sessionUpdated(id: "s", model: "m"))
        #expect(call.last.contains(.dial(.init(headers: ["X-Good": "1"], ringTimeout: .seconds(45)))))
        #expect(call.faults.count == 2)
    }

    @Test("on_dial may refuse: nothing is connected, nothing is dialled")
    func refusal() {
        var call = CallHarness(handlers: [.onDial, .onHangup])
        call.send(.start)
        call.returns([false, "on the do-not-call list"])
        #expect(!call.log.contains(.connectModel))
        #expect(call.startedHandlers == [.onDial, .onHangup])
        call.returns()
        #expect(call.outcome?.kind == .refused)
        #expect(call.outcome?.reason == "on the do-not-call list")
        #expect(!call.log.contains { if case .hangUp = $0 { true } else { false } })
    }

    @Test("A fault in on_dial refuses too")
    func onDialFault() {
        var call = CallHarness(handlers: [.onDial])
        call.send(.start)
        call.send(.script(call.lastTask, .failed(ScriptFault(kind: .error, message: "flow.lua:3: boom"))))
        #expect(call.outcome?.kind == .scriptFailed)
        #expect(call.outcome?.message.contains("flow.lua:3: boom") == true)
    }

    @Test("Ringing and early media are told once each")
    func ringing() {
        var call = CallHarness(handlers: [.onRinging])
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        call.send(.telephony(.ringing(earlyMedia: false)))
        call.returns()
        call.send(.telephony(.ringing(earlyMedia: true)))
        call.send(.telephony(.ringing(earlyMedia: false)))
        #expect(
            call.started == [
                .handler(.onRinging, arguments: [false]), .handler(.onRinging, arguments: [true]),
            ])
        #expect(call.observations.filter { $0 == .status(.ringing) || $0 == .status(.early) }.count == 2)
    }

    @Test("on_answered needs the 200 OK and the media, in either order", arguments: [true, false])
    func answered(mediaFirst: Bool) {
        var call = CallHarness(handlers: [.onAnswered])
        call.configure()
        call.send(mediaFirst ? .media(.started) : .telephony(.answered(headers: ["x-a": "1"])))
        #expect(call.startedHandlers.isEmpty)
        #expect(!call.log.contains(.listen))
        call.advance(.seconds(2))
        call.send(mediaFirst ? .telephony(.answered(headers: ["x-a": "1"])) : .media(.started))
        #expect(call.log.contains(.listen))
        guard case .script(.start(_, .handler(.onAnswered, _), let facts))? = call.last.last else {
            Issue.record("on_answered did not start")
            return
        }
        #expect(facts.status == .active)
        #expect(facts.headers == ["x-a": "1"])
        #expect(facts.answeredAt == (mediaFirst ? 1_700_000_002.0 : 1_700_000_000.0))
    }

    @Test("Without on_answered the agent begins with a bare response")
    func greeting() {
        var call = CallHarness()
        call.answer()
        #expect(call.created.count == 1)
        #expect(call.created.first?.instructions == nil)
        #expect(call.created.first?.metadata["moonline"] == "greeting")
    }

    @Test("When on_answered fails before anything was said, the agent begins all the same")
    func onAnsweredFault() {
        var call = CallHarness(handlers: [.onAnswered])
        call.answer()
        call.send(.script(call.lastTask, .failed(ScriptFault(kind: .budget, message: "too long"))))
        #expect(call.created.count == 1)
    }

    @Test(
        "A refusal of the trunk has its outcome and a sentence",
        arguments: [
            (401, CallOutcome.Kind.unauthorised), (403, .rejected), (404, .notFound), (408, .trunkFailed),
            (480, .noAnswer), (484, .notFound), (486, .busy), (487, .cancelled), (488, .rejected), (500, .trunkFailed),
            (503, .trunkFailed), (600, .busy), (603, .declined), (302, .trunkFailed), (699, .rejected),
        ])
    func refusals(status: Int, expected: CallOutcome.Kind) {
        var call = CallHarness()
        call.configure()
        call.send(.telephony(.failed(TelephonyFailure(status: status, reason: "Reason"))))
        #expect(call.outcome?.kind == expected)
        #expect(call.outcome?.sipStatus == status)
        #expect(call.outcome?.message.contains("\(status) Reason") == true)
        #expect(call.outcome?.wasAnswered == false)
        #expect(!call.log.contains { if case .hangUp = $0 { true } else { false } })
        #expect(call.log.contains(.closeModel))
    }

    @Test("A 408 after ringing means that nobody answered")
    func timeoutAfterRinging() {
        var call = CallHarness()
        call.configure()
        call.send(.telephony(.ringing(earlyMedia: false)))
        call.send(.telephony(.failed(TelephonyFailure(status: 408, reason: "Request Timeout"))))
        #expect(call.outcome?.kind == .noAnswer)
    }

    @Test("A trunk that never answers is a failed trunk, in the user agent's words where it has some")
    func silentTrunk() {
        var call = CallHarness()
        call.configure()
        let sentence = "The trunk at 192.0.2.1:5060 did not answer."
        call.send(.telephony(.failed(TelephonyFailure(status: nil, reason: "no_response", sentence: sentence))))
        #expect(call.outcome?.kind == .trunkFailed)
        #expect(call.outcome?.message == sentence)
        #expect(call.faults.map(\.kind) == [.trunk])
    }

    @Test("Nobody answers: the INVITE is cancelled at the ring timeout")
    func ringTimeout() {
        var call = CallHarness()
        call.configure()
        call.advance(.milliseconds(44_999))
        #expect(call.outcome == nil)
        call.advance(.milliseconds(1))
        #expect(call.log.contains(.hangUp(reason: "ring_timeout")))
        #expect(call.outcome?.kind == .noAnswer)
    }

    @Test("An answer without media ends the call")
    func noMedia() {
        var call = CallHarness()
        call.configure()
        call.send(.telephony(.answered(headers: [:])))
        call.advance(.seconds(5))
        #expect(call.outcome?.kind == .mediaFailed)
        #expect(call.log.contains(.hangUp(reason: "no_media")))
    }

    @Test("The far end vanishes")
    func mediaLost() {
        var call = CallHarness()
        call.answer()
        call.send(.media(.timedOut))
        #expect(call.outcome?.kind == .mediaFailed)
        #expect(call.outcome?.reason == "media_lost")
        #expect(call.outcome?.wasAnswered == true)
    }

    @Test("A call has a longest duration")
    func longest() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.advance(.seconds(1_800))
        #expect(call.outcome?.reason == "max_duration")
        #expect(call.outcome?.duration == .seconds(1_800))
    }
}
