import SansIO
import Testing

@testable import Conversation

@Suite("An incoming call")
struct IncomingCallTests {
    /// The INVITE is there; `on_incoming` runs, if the flow has it.
    private func incoming(_ handlers: Set<ScriptHandler> = [.onIncoming]) -> CallHarness {
        var call = CallHarness(handlers: handlers, direction: .inbound)
        call.send(.start)
        return call
    }

    private func configure(_ call: inout CallHarness) {
        call.send(.model(.connected))
        call.server(.sessionUpdated(id: "sess_1", model: "test"))
        call.advance(.zero)
    }

    private func rejections(_ call: CallHarness) -> [Int] {
        call.log.compactMap { if case .reject(let status) = $0 { status } else { nil } }
    }

    @Test(
        "\"answer\", and no result, answer when the model is ready, not before",
        arguments: [[JSON.string("answer")], [], [.null]])
    func answer(values: [JSON]) {
        var call = incoming([.onIncoming, .onAnswered])
        #expect(call.lastFacts?.status == .ringing)
        call.returns(values)
        #expect(call.last.contains(.connectModel))
        call.send(.model(.connected))
        #expect(!call.did(.answer))
        call.server(.sessionUpdated(id: "sess_1", model: "test"))
        call.advance(.zero)
        #expect(call.did(.answer))
        call.send(.telephony(.answered(headers: ["x": "1"])))
        call.send(.media(.started))
        #expect(call.did(.listen))
        #expect(call.startedHandlers == [.onIncoming, .onAnswered])
        #expect(!call.log.isDialled)
    }

    @Test("Without on_incoming the call is answered, and the model greets")
    func withoutHandler() {
        var call = incoming([])
        configure(&call)
        #expect(call.did(.answer))
        call.send(.telephony(.answered(headers: [:])))
        call.send(.media(.started))
        #expect(call.created.count == 1)
    }

    @Test(
        "\"ring\" rings at once and answers after its seconds; five without a number",
        arguments: [
            ([JSON.string("ring"), .number(2.5)], 2_500), ([.string("ring")], 5_000),
            ([.string("ring"), .integer(-3)], 0),
        ])
    func ring(values: [JSON], milliseconds: Int) {
        var call = incoming()
        call.returns(values)
        #expect(call.last.contains(.ring))
        call.send(.model(.connected))
        call.server(.sessionUpdated(id: "sess_1", model: "test"))
        if milliseconds > 0 {
            call.advance(.milliseconds(milliseconds - 1))
            #expect(!call.did(.answer))
            call.advance(.milliseconds(1))
        } else {
            call.advance(.zero)
        }
        #expect(call.did(.answer))
    }

    @Test("A model that is slower than the ringing is waited for")
    func slowModel() {
        var call = incoming()
        call.returns(["ring", 1])
        call.advance(.seconds(3))
        #expect(!call.did(.answer))
        configure(&call)
        #expect(call.did(.answer))
    }

    @Test(
        "\"reject\" with a status; 603 without one, and in place of what is none",
        arguments: [
            ([JSON.string("reject"), .integer(486)], 486), ([.string("reject")], 603),
            ([.string("reject"), .integer(200)], 603), ([.string("reject"), .number(1e300)], 603),
            ([.string("reject"), .number(486.5)], 603), ([.string("reject"), .string("busy")], 603),
        ])
    func reject(values: [JSON], status: Int) {
        var call = incoming()
        call.returns(values)
        #expect(rejections(call) == [status])
        #expect(!call.did(.connectModel))
        #expect(call.outcome?.kind == .refused)
        #expect(call.outcome?.sipStatus == status)
    }

    @Test(
        "A word that is none, and false, refuse and say what to write",
        arguments: [
            [JSON.string("anser")], [.bool(false)],
        ])
    func wrongWord(values: [JSON]) {
        var call = incoming()
        call.returns(values)
        #expect(rejections(call) == [480])
        #expect(call.outcome?.kind == .scriptFailed)
        #expect(call.outcome?.message.contains("\"reject\"") == true)
    }

    @Test("A fault refuses the call, and on_error hears of it")
    func fault() {
        var call = incoming([.onIncoming, .onError])
        call.fails(.error, "flow.lua:3: boom")
        #expect(rejections(call) == [480])
        #expect(call.startedHandlers == [.onIncoming, .onError])
        call.returns()
        #expect(call.outcome?.message.contains("flow.lua:3: boom") == true)
    }

    @Test(
        "An on_incoming that takes too long refuses the call, also when it never comes back", arguments: [true, false])
    func timeout(yields: Bool) {
        var call = incoming([.onIncoming, .onHangup])
        let task = call.lastTask
        if yields { call.yields(.service(.store(.get(key: "k")))) }
        call.advance(.seconds(30))
        #expect(rejections(call) == [480])
        if yields {
            #expect(call.did(.cancelService(task)))
            call.returns([], task)
            #expect(call.startedHandlers == [.onIncoming, .onHangup])
            call.returns()
        } else {
            call.advance(.seconds(5))
        }
        #expect(call.outcome?.kind == .scriptFailed)
    }

    @Test("on_incoming may wait: the far end is looked up, then the call is answered")
    func waits() {
        var call = incoming()
        call.yields(.service(.store(.get(key: "+15105550100"))))
        let task = call.lastTask
        call.send(.service(task, .reply(.value("member"))))
        call.returns(["answer"], task)
        configure(&call)
        #expect(call.did(.answer))
    }

    @Test("Nothing can be said to a call that is not answered")
    func says() {
        var call = incoming()
        let task = call.lastTask
        for request: ScriptRequest in [
            .say(text: "Hello.", interruptible: true), .play(source: "a.wav", interruptible: true),
            .transfer(target: "+15105550199"),
        ] {
            call.yields(request)
            #expect(call.code(for: task) == .wrongStatus)
        }
    }

    @Test("call:hangup in on_incoming refuses it")
    func hangUp() {
        var call = incoming()
        call.yields(.hangup(reason: "closed", afterPlayout: false))
        #expect(rejections(call) == [480])
        call.returns()
        #expect(call.outcome?.reason == "closed")
        #expect(rejections(call) == [480])
    }

    @Test("A caller who gives up before the answer, wherever the call is, ends it; what comes later answers nothing")
    func givesUp() {
        let ways: [(inout CallHarness) -> Void] = [
            { _ in },
            { $0.returns(["answer"]) },
            {
                $0.returns(["answer"])
                $0.send(.model(.connected))
            },
            {
                $0.returns(["ring", 10])
                $0.send(.model(.connected))
                $0.server(.sessionUpdated(id: "sess_1", model: "test"))
            },
        ]
        for way in ways {
            var call = incoming([.onIncoming, .onHangup])
            way(&call)
            call.send(.telephony(.ended(byRemote: true, reason: "")))
            call.returns(["answer"])
            call.returns()
            call.advance(.seconds(60))
            #expect(!call.did(.answer))
            #expect(!call.isHungUp)
            #expect(rejections(call).isEmpty)
            #expect(call.startedHandlers == [.onIncoming, .onHangup])
            #expect(call.outcome?.kind == .cancelled)
            #expect(call.outcome?.endedBy == .callee)
        }
    }

    @Test("A caller who gives up while the answer is on its way")
    func givesUpLate() {
        var call = incoming()
        call.returns(["answer"])
        configure(&call)
        #expect(call.did(.answer))
        call.send(.telephony(.ended(byRemote: true, reason: "")))
        #expect(!call.isHungUp)
        #expect(call.outcome?.wasAnswered == false)
    }

    @Test("A model that fails before the answer: the caller is refused, and does not listen to silence")
    func modelFails() {
        let ways: [(inout CallHarness) -> Void] = [
            { $0.send(.model(.failed(message: "connection refused"))) },
            { $0.advance(.seconds(10)) },
            {
                $0.send(.model(.connected))
                $0.send(.model(.closed(code: 4_000, reason: "invalid_request_error.invalid_model")))
            },
            {
                $0.send(.model(.connected))
                $0.server(.sessionUpdated(id: "sess_1", model: "test"))
                $0.send(.model(.closed(code: 1_006, reason: "")))
            },
        ]
        for way in ways {
            var call = incoming()
            call.returns(["ring", 60])
            way(&call)
            call.advance(.seconds(70))
            #expect(!call.did(.answer))
            #expect(rejections(call) == [480] || call.isHungUp)
            #expect(call.outcome?.kind == .modelFailed)
        }
    }

    @Test("The operator's hang-up refuses a call that is not answered")
    func operatorHangsUp() {
        var call = incoming()
        call.send(.hangUpRequested(reason: "shutdown"))
        #expect(rejections(call) == [480])
    }
}
