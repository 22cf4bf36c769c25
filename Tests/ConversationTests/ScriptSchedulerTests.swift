import SansIO
import Testing

@testable import Conversation

@Suite("One coroutine of the script at a time")
struct ScriptSchedulerTests {
    private func handler(_ handler: ScriptHandler) -> ScriptEntry { .handler(handler, arguments: []) }

    @Test("A second handler starts when the first has ended or waits")
    func oneAtATime() {
        var scripts = ScriptScheduler()
        let first = scripts.start(handler(.onRinging), for: .notify(.onRinging))
        let second = scripts.start(handler(.onAnswered), for: .notify(.onAnswered))
        #expect(scripts.next() == .start(first, handler(.onRinging)))
        #expect(scripts.next() == nil)
        #expect(scripts.receive(.yielded(.waitForPlayout), of: first) == .expected(.notify(.onRinging)))
        #expect(scripts.next() == .start(second, handler(.onAnswered)))
        scripts.resume(first, .value(true))
        #expect(scripts.next() == nil)
        #expect(scripts.receive(.returned([]), of: second) == .expected(.notify(.onAnswered)))
        #expect(scripts.next() == .resume(first, .value(true)))
        #expect(scripts.receive(.returned([]), of: first) == .expected(.notify(.onRinging)))
        #expect(scripts.isIdle)
    }

    @Test("A request is answered once")
    func once() {
        var scripts = ScriptScheduler()
        let id = scripts.start(handler(.onRinging), for: .notify(.onRinging))
        _ = scripts.next()
        scripts.resume(id, .value(true))
        #expect(scripts.receive(.yielded(.waitForPlayout), of: id) == .expected(.notify(.onRinging)))
        scripts.resume(id, .value(1))
        scripts.resume(id, .value(2))
        #expect(scripts.next() == .resume(id, .value(1)))
        #expect(scripts.receive(.yielded(.waitForPlayout), of: id) == .expected(.notify(.onRinging)))
        #expect(scripts.next() == nil)
    }

    @Test("An outcome of a coroutine that isn't running is not believed")
    func stranger() {
        var scripts = ScriptScheduler()
        let id = scripts.start(handler(.onRinging), for: .notify(.onRinging))
        #expect(scripts.receive(.returned([]), of: id) == .unknown)
        #expect(scripts.receive(.returned([]), of: ScriptTaskID(number: 99)) == .unknown)
    }

    @Test("A coroutine that is cancelled while it runs is closed when it yields")
    func abandoned() {
        var scripts = ScriptScheduler()
        let id = scripts.start(handler(.onRinging), for: .notify(.onRinging))
        _ = scripts.next()
        let mustClose = scripts.cancel(id)
        #expect(!mustClose)
        #expect(scripts.receive(.yielded(.waitForPlayout), of: id) == .abandoned(mustClose: true))
        #expect(scripts.isIdle)
    }

    @Test("A coroutine that was not started needs no closing")
    func dropped() {
        var scripts = ScriptScheduler()
        let id = scripts.start(handler(.onRinging), for: .notify(.onRinging))
        let mustClose = scripts.cancel(id)
        #expect(!mustClose)
        #expect(scripts.isIdle)
        #expect(scripts.next() == nil)
    }
}
