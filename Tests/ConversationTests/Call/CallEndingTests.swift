import SansIO
import Testing

@testable import Conversation

@Suite("The end of a call")
struct CallEndingTests {
    @Test("on_hangup runs once, last, with the reason; then the call is finished")
    func order() {
        var call = CallHarness(handlers: [.onHangup, .onTranscript])
        call.answer()
        let id = call.beginResponse()
        call.speak("Hello, this is the practice.", milliseconds: 2_000, in: id, item: "item_1")
        call.finishResponse(id)
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.last.contains(.flush))
        #expect(!call.last.contains { if case .hangUp = $0 { true } else { false } })
        call.send(.media(.flushed(tag: call.tag("item_1"), played: 8_000, dropped: 8_000)))
        #expect(call.heard == ["Hello, this is"])
        #expect(call.startedHandlers == [.onTranscript])
        call.returns()
        #expect(call.started.last == .handler(.onHangup, arguments: ["remote_hangup"]))
        #expect(call.outcome == nil)
        call.returns()
        #expect(call.outcome?.kind == .completed)
        #expect(call.outcome?.endedBy == .callee)
        call.send(.deadline)
        #expect(call.last.isEmpty)
        #expect(call.session.nextDeadline == nil)
    }

    @Test("The last words of the caller are waited for, a little")
    func lateTranscript() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.server(.speechStarted(itemID: "u1", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "u1", audioEndMilliseconds: 0))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(call.outcome == nil)
        call.advance(.milliseconds(300))
        call.server(.inputTranscriptCompleted(itemID: "u1", transcript: "Bye."))
        #expect(call.said == ["Bye."])
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A transcript that doesn't come holds the end up for a second, no longer")
    func missingTranscript() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.server(.speechStarted(itemID: "u1", audioStartMilliseconds: 0))
        call.server(.speechStopped(itemID: "u1", audioEndMilliseconds: 0))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.advance(.milliseconds(999))
        #expect(call.outcome == nil)
        call.advance(.milliseconds(1))
        #expect(call.outcome?.kind == .completed)
    }

    @Test("What waits is answered with call_ended; what yields again is closed")
    func waiting() {
        var call = CallHarness(handlers: [.onAnswered])
        call.answer()
        let task = call.lastTask
        call.yields(.say(text: "Hello.", interruptible: true))
        call.send(.hangUpRequested(reason: "shutdown"))
        #expect(call.reply(to: task) == .failure(code: .callEnded, message: "the call has ended"))
        #expect(call.last.contains(.hangUp(reason: "shutdown")))
        #expect(call.outcome == nil)
        call.yields(.say(text: "But…", interruptible: true))
        #expect(call.last.contains(.script(.cancel(task))))
        #expect(call.outcome?.reason == "shutdown")
    }

    @Test("Actions that were not begun are not begun after the end")
    func unbegun() {
        var call = CallHarness()
        call.answer()
        call.greet()
        call.call("look_up", "look_up")
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.returns(["late"])
        #expect(call.started.count == 1)
        #expect(call.outputs.isEmpty)
        #expect(call.outcome?.kind == .completed)
    }

    @Test("A handler that doesn't come back cannot keep the call from its end")
    func stuckHandler() {
        var call = CallHarness(handlers: [.onAnswered, .onHangup])
        call.answer()
        call.send(.hangUpRequested(reason: "shutdown"))
        call.advance(.seconds(3))
        #expect(call.outcome?.reason == "shutdown")
        #expect(call.startedHandlers == [.onAnswered])
        #expect(call.faults.map(\.kind) == [.script])
    }

    @Test("on_hangup may sleep within its time, and is stopped behind it")
    func onHangUpCap() {
        var call = CallHarness(handlers: [.onHangup])
        call.answer()
        call.greet()
        call.send(.hangUpRequested(reason: "shutdown"))
        let task = call.lastTask
        call.yields(.sleep(.seconds(1)))
        call.advance(.seconds(1))
        #expect(call.reply(to: task) == .value(true))
        call.yields(.say(text: "Hello?", interruptible: true))
        #expect(call.reply(to: task) == .failure(code: .callEnded, message: "the call has ended"))
        call.yields(.sleep(.seconds(60)))
        call.advance(.seconds(4))
        #expect(call.log.contains(.script(.cancel(task))))
        #expect(call.outcome != nil)
    }

    @Test("A request to hang up ends the call from every state")
    func everyState() {
        let ways: [(inout CallHarness) -> Void] = [
            { _ in },
            { $0.send(.start) },
            { call in
                call.send(.start)
                call.returns()
            },
            { call in
                call.send(.start)
                call.returns()
                call.send(.model(.connected))
            },
            { call in
                call.send(.start)
                call.returns()
                call.send(.model(.connected))
                call.server(.sessionUpdated(id: "s", model: "m"))
                call.send(.telephony(.ringing(earlyMedia: true)))
                call.returns()
            },
            { call in
                call.send(.start)
                call.returns()
                call.send(.model(.connected))
                call.server(.sessionUpdated(id: "s", model: "m"))
                call.send(.telephony(.answered(headers: [:])))
            },
            { call in
                call.send(.start)
                call.returns()
                call.send(.model(.connected))
                call.server(.sessionUpdated(id: "s", model: "m"))
                call.send(.telephony(.answered(headers: [:])))
                call.send(.media(.started))
                call.returns()
            },
        ]
        for way in ways {
            var call = CallHarness(handlers: Set(ScriptHandler.allCases))
            way(&call)
            call.send(.hangUpRequested(reason: "shutdown"))
            call.returns()
            call.returns()
            #expect(call.outcome?.reason == "shutdown")
            #expect(call.startedHandlers.filter { $0 == .onHangup }.count <= 1)
        }
    }

    @Test("The first reason to end is the one that counts")
    func first() {
        var call = CallHarness(handlers: [.onHangup])
        call.answer()
        call.greet()
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        call.send(.hangUpRequested(reason: "shutdown"))
        call.send(.media(.timedOut))
        call.returns()
        #expect(call.outcome?.reason == "remote_hangup")
        #expect(!call.log.contains { if case .hangUp = $0 { true } else { false } })
    }
}
