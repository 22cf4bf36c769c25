import SansIO
import Testing

@testable import Conversation

@Suite("The way out of a call that cannot go on")
struct FallbackTests {
    private static let line = "Sorry, something is wrong here."
    private static let audio = [UInt8](repeating: 1, count: 8_000)
    private static let hangUp = CallSession.Action.hangUp(reason: "budget")

    private func quiet(
        _ handlers: Set<ScriptHandler> = [], transferTo: String? = nil, audio: [UInt8] = audio,
        limits: CallSession.Limits = .init()
    ) -> CallHarness {
        CallHarness.quiet(
            handlers.union([.onDTMF]), limits: limits, fallback: .init(text: Self.line, transferTo: transferTo),
            fallbackAudio: audio)
    }

    /// `on_dtmf` uses up its budget.
    private func failed(
        _ handlers: Set<ScriptHandler> = [], transferTo: String? = nil, audio: [UInt8] = audio
    ) -> CallHarness {
        var call = quiet(handlers, transferTo: transferTo, audio: audio)
        call.press("1")
        call.fails(.budget)
        return call
    }

    /// The model says the line, and it is heard.
    private func sayLine(in call: inout CallHarness) {
        let id = call.beginResponse()
        call.speak(Self.line, milliseconds: 2_000, in: id, item: "item_line")
        call.finishResponse(id)
        call.hear("item_line")
    }

    @Test(
        "A budget or memory fault: the model says the line, the call is hung up behind it, script_failed",
        arguments: [
            ScriptFault.Kind.budget, .memory,
        ])
    func line(kind: ScriptFault.Kind) throws {
        var call = quiet()
        call.press("1")
        call.fails(kind)
        let create = try #require(call.created.last)
        #expect(create.instructions?.contains(Self.line) == true)
        #expect(create.toolChoice == "none")
        // Neither the caller nor the server interrupts it.
        #expect(call.sent.contains(.updateTurnDetection(TurnDetection().eventsOnly)))
        sayLine(in: &call)
        #expect(call.heard.last == Self.line)
        #expect(call.did(.hangUp(reason: kind.rawValue)))
        #expect(call.outcome?.kind == .scriptFailed)
        #expect(call.played.count == 2)
    }

    @Test("An ordinary fault, or none to fall back on: the call goes on")
    func goesOn() {
        var call = quiet()
        call.press("1")
        call.fails(.error)
        #expect(call.created.count == 1)
        var bare = CallHarness.quiet([.onDTMF])
        bare.press("1")
        bare.fails(.budget)
        bare.press("2")
        #expect(bare.arguments(.onDTMF).count == 2)
        #expect(bare.created.count == 1)
        bare.advance(.seconds(60))
        #expect(!bare.isHungUp)
    }

    @Test("The caller who talks into the line doesn't cut it")
    func callerTalks() throws {
        var call = failed()
        let id = call.beginResponse()
        call.speak(Self.line, milliseconds: 2_000, in: id, item: "item_line")
        let tag = try #require(call.tag("item_line"))
        call.send(.media(.playoutStarted(tag: tag, at: call.now)))
        call.callerSpeaks()
        call.finishResponse(id)
        call.callerStops()
        call.server(.inputCommitted(itemID: "item_u", previousItemID: nil))
        #expect(call.flushes == 0)
        call.advance(.seconds(2))
        call.send(.media(.playoutEnded(tag: tag, bytes: 16_000)))
        #expect(call.did(Self.hangUp))
        #expect(call.created.count == 2)
    }

    @Test("A caller who hangs up during the line has hung up on a failed script")
    func callerHangsUp() {
        var call = failed()
        let id = call.beginResponse()
        call.speak(Self.line, milliseconds: 2_000, in: id, item: "item_line")
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.send(.media(.flushed(tag: call.tag("item_line"), played: 100, dropped: 0)))
        #expect(call.outcome?.kind == .scriptFailed)
        #expect(!call.isHungUp)
    }

    @Test("The line comes behind what is being said, however long that is")
    func behind() {
        var call = quiet()
        let id = call.beginResponse(own: true)
        call.speak("A long story.", milliseconds: 15_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.press("1")
        call.fails(.budget)
        let line = call.beginResponse()
        call.speak(Self.line, milliseconds: 2_000, in: line, item: "item_line")
        call.finishResponse(line)
        call.hear("item_1")
        #expect(!call.isHungUp)
        call.hear("item_line")
        #expect(call.heard.last == Self.line)
        #expect(call.outcome?.kind == .scriptFailed)
    }

    @Test("Behind the line nothing that an action still does is waited for")
    func openAction() {
        var call = quiet()
        call.call("look_up")
        call.yields(.sleep(.seconds(25)))
        call.press("1")
        call.fails(.budget)
        sayLine(in: &call)
        #expect(call.did(Self.hangUp))
    }

    // MARK: on_error first

    @Test("on_error gets the fault first; the line is said when it has ended")
    func onErrorFirst() {
        var call = failed([.onError])
        #expect(
            call.arguments(.onError) == [[["kind": "script", "message": "flow.lua:1: boom", "retryable": false]]])
        #expect(call.created.count == 1)
        call.returns()
        #expect(call.created.count == 2)
        sayLine(in: &call)
        #expect(call.did(Self.hangUp))
    }

    @Test("on_error has its time, and no more; also when it never comes back", arguments: [true, false])
    func onErrorHangs(yields: Bool) {
        var call = failed([.onError])
        if yields { call.yields(.sleep(.seconds(100))) }
        call.advance(.milliseconds(4_999))
        #expect(call.created.count == 1)
        call.advance(.milliseconds(1))
        #expect(call.created.count == 2)
        sayLine(in: &call)
        #expect(call.did(Self.hangUp))
        call.advance(.seconds(10))
        #expect(call.outcome?.kind == .scriptFailed)
    }

    @Test("The end of another on_error is not that of the one that is waited for")
    func otherOnError() throws {
        var call = quiet([.onError])
        call.press("1")
        call.fails(.error)
        let first = try #require(call.task(.onError))
        call.yields(.sleep(.seconds(1)), first)
        call.press("2")
        call.fails(.budget)
        let second = try #require(call.task(.onError))
        #expect(second != first)
        call.yields(.sleep(.seconds(3)), second)
        call.advance(.seconds(1))
        call.returns([], first)
        #expect(call.created.count == 1)
        call.advance(.seconds(2))
        call.returns([], second)
        #expect(call.created.count == 2)
    }

    @Test(
        "on_error that fails itself is not called again; the line is said at once",
        arguments: [
            ScriptFault.Kind.error, .budget,
        ])
    func onErrorFails(kind: ScriptFault.Kind) {
        var call = failed([.onError])
        call.fails(kind, "flow.lua:2: worse")
        #expect(call.arguments(.onError).count == 1)
        #expect(call.faults.map(\.message) == ["flow.lua:1: boom", "flow.lua:2: worse"])
        #expect(call.created.count == 2)
    }

    @Test("An on_error that is left out, because too many handlers wait, is not waited for")
    func onErrorLeftOut() {
        var limits = CallSession.Limits()
        limits.scriptTasks = 1
        var call = quiet([.onError], limits: limits)
        call.press("1")
        call.yields(.sleep(.seconds(100)))
        call.call("look_up")
        call.fails(.budget)
        #expect(call.arguments(.onError).isEmpty)
        #expect(call.created.count == 2)
    }

    @Test("An on_error that hangs up itself has decided: no line, no transfer")
    func onErrorHangsUp() {
        var call = failed([.onError], transferTo: "+15105550199")
        call.yields(.hangup(reason: "broken", afterPlayout: true))
        #expect(call.did(.hangUp(reason: "broken")))
        #expect(!call.did(.transfer(target: "+15105550199")))
        #expect(call.created.count == 1)
        call.returns()
        #expect(call.outcome?.reason == "broken")
    }

    // MARK: Away

    @Test("With transfer_to the far end is transferred when it has heard the line")
    func transfer() {
        var call = failed(transferTo: "+15105550199")
        #expect(!call.did(.transfer(target: "+15105550199")))
        sayLine(in: &call)
        #expect(call.did(.transfer(target: "+15105550199")))
        #expect(!call.isHungUp)
        call.advance(.seconds(20))
        #expect(!call.isHungUp)
        call.send(.telephony(.transferAccepted))
        call.send(.telephony(.transferEnded(status: 200, reason: "OK")))
        #expect(call.outcome?.kind == .transferred)
    }

    @Test("A transfer that fails, or that nobody reports on, ends with the hang-up", arguments: [true, false])
    func transferFails(refused: Bool) {
        var call = failed(transferTo: "+15105550199")
        sayLine(in: &call)
        if refused {
            call.send(.telephony(.transferEnded(status: 603, reason: "Decline")))
        } else {
            call.advance(.seconds(60))
        }
        #expect(call.did(Self.hangUp))
        #expect(call.outcome?.kind == .scriptFailed)
        #expect(call.faults.map(\.kind) == [.script, .trunk])
    }

    @Test("A line whose end is never reported does not keep the far end from the transfer, nor from the hang-up")
    func stuckPlayout() {
        for target in ["+15105550199", nil] {
            var call = failed(transferTo: target)
            let id = call.beginResponse()
            call.speak(Self.line, milliseconds: 2_000, in: id, item: "item_line")
            call.finishResponse(id)
            call.advance(.seconds(10))
            #expect(call.did(.transfer(target: "+15105550199")) == (target != nil))
            #expect(call.did(Self.hangUp) == (target == nil))
            guard target != nil else { continue }
            call.send(.telephony(.transferEnded(status: 603, reason: "Decline")))
            #expect(call.did(Self.hangUp))
        }
    }

    // MARK: Without the model

    @Test("The model is gone: the line is played from the host's audio at once, also while on_error hangs")
    func modelGone() throws {
        var call = quiet([.onError])
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(call.startedHandlers == [.onError])
        let tag = try #require(call.played.last)
        #expect(call.last.contains(.play(tag: tag, audio: Self.audio)))
        call.yields(.sleep(.seconds(100)))
        call.hear(tag: tag, bytes: 8_000)
        #expect(call.heard.last == Self.line)
        #expect(call.did(.hangUp(reason: "model_failed")))
        call.advance(.seconds(5))
        #expect(call.outcome?.kind == .modelFailed)
    }

    @Test("on_error hears of a lost model also where the call ends with it")
    func modelGoneTold() {
        var call = CallHarness.quiet([.onError, .onHangup])
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(call.isHungUp)
        #expect(call.startedHandlers == [.onError])
        call.returns()
        #expect(call.startedHandlers == [.onError, .onHangup])
    }

    @Test("The caller cannot cut the host's own line, and what the model said is heard before it")
    func localLine() throws {
        var call = quiet()
        let id = call.beginResponse(own: true)
        call.speak("One moment.", milliseconds: 1_000, in: id, item: "item_1")
        call.send(.model(.closed(code: 3_000, reason: "")))
        call.hear("item_1")
        #expect(!call.isHungUp)
        let tag = try #require(call.played.last)
        call.hear(tag: tag, bytes: 8_000)
        #expect(call.heard.suffix(2) == ["One moment.", Self.line])
        #expect(call.isHungUp)
    }

    @Test("Without audio the call is hung up behind what was said")
    func noAudio() {
        var call = quiet(audio: [])
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(call.did(.hangUp(reason: "model_failed")))
    }

    @Test("A model that is lost, refuses, or says nothing when it should say the line: the host says it")
    func lineInstead() throws {
        let ways: [(inout CallHarness) -> Void] = [
            { $0.send(.model(.closed(code: 3_000, reason: ""))) },
            {
                let id = $0.beginResponse()
                $0.send(.model(.closed(code: 3_000, reason: "")))
                $0.finishResponse(id)
            },
            { $0.finishResponse($0.beginResponse()) },
            { call in
                let error = RealtimeError(code: "insufficient_quota", message: "no money")
                call.finishResponse(call.beginResponse(), status: .failed(error))
            },
            { $0.advance(.seconds(10)) },
        ]
        for way in ways {
            var call = failed(transferTo: "+15105550199")
            way(&call)
            let tag = try #require(call.played.last)
            #expect(call.did(.play(tag: tag, audio: Self.audio)))
            call.hear(tag: tag, bytes: 8_000)
            #expect(call.heard.last == Self.line)
            #expect(call.did(.transfer(target: "+15105550199")))
            #expect(call.count { if case .play(_, Self.audio) = $0 { true } else { false } } == 1)
            call.send(.telephony(.transferEnded(status: 603, reason: "Decline")))
            #expect(call.outcome?.kind == .scriptFailed)
        }
    }

    @Test("A model that is lost in the middle of the line has begun it: the host does not begin again")
    func lostInLine() {
        var call = failed()
        let id = call.beginResponse()
        call.speak(Self.line, milliseconds: 2_000, in: id, item: "item_line")
        call.send(.model(.closed(code: 3_000, reason: "")))
        call.hear("item_line")
        #expect(call.played.count == 2)
        #expect(call.outcome?.kind == .scriptFailed)
    }

    @Test("A model that is lost while on_error runs: the line is not waited for any longer")
    func lostWhileOnError() {
        var call = failed([.onError])
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(call.last.contains { if case .play(_, Self.audio) = $0 { true } else { false } })
    }

    @Test("A model that is lost behind hangup { after_playout } does not cut the goodbye")
    func lostInGoodbye() {
        var call = quiet()
        let id = call.beginResponse(own: true)
        call.speak("Goodbye.", milliseconds: 1_000, in: id, item: "item_bye")
        call.finishResponse(id)
        call.press("1")
        call.yields(.hangup(reason: "done", afterPlayout: true))
        call.send(.model(.closed(code: 3_000, reason: "")))
        #expect(!call.isHungUp)
        call.hear("item_bye")
        #expect(call.did(.hangUp(reason: "done")))
        call.returns()
        #expect(call.outcome?.kind == .completed)
        #expect(call.heard.last == "Goodbye.")
    }
}
