import SIP
import SansIO
import Testing

@Suite struct InviteClientTransactionTests {
    private let invite = SampleMessages.request(
        .invite, headers: Headers([Headers.Field(.route, "<sip:proxy.example;lr>")]))

    private func start(isReliable: Bool = false) -> InviteClientTransaction {
        let (machine, actions) = InviteClientTransaction.start(
            invite, timers: TransactionTimers(), isReliable: isReliable, at: .zero)
        #expect(actions == [.send(invite)])
        return machine
    }

    @Test("Timer A doubles, Timer B ends at 64·T1 (RFC 3261 §17.1.1.2)")
    func timersAAndB() {
        var machine = start()
        var times: [Int64] = []
        var end: [InviteClientTransaction.Action] = []
        while let deadline = machine.nextDeadline {
            let actions = machine.receive(.deadline, at: deadline)
            if actions == [.send(invite)] { times.append((deadline - .zero).milliseconds) } else { end = actions }
        }
        #expect(times == [500, 1_500, 3_500, 7_500, 15_500, 31_500])
        #expect(end == [.finish(.timedOut)])
        #expect(machine.isTerminated)
    }

    @Test("Over a reliable transport there is no Timer A, and Timer B still ends")
    func reliable() {
        var machine = start(isReliable: true)
        #expect(machine.nextDeadline == .milliseconds(32_000))
        #expect(machine.receive(.deadline, at: .milliseconds(32_000)) == [.finish(.timedOut)])
    }

    @Test("A provisional response stops both timers: ringing has no transaction time-out")
    func proceeding() {
        var machine = start()
        let ringing = SampleMessages.response(180, to: invite)
        #expect(machine.receive(.response(ringing), at: .milliseconds(100)) == [.deliver(ringing)])
        #expect(machine.nextDeadline == nil)
        #expect(machine.receive(.deadline, at: .milliseconds(1_000_000)) == [])
        #expect(machine.receive(.response(ringing), at: .milliseconds(200)) == [.deliver(ringing)])
    }

    @Test("A refusal is acknowledged with its branch, Route, Request-URI and number, and again for 32 s (Timer D)")
    func completed() throws {
        var machine = start()
        let busy = SampleMessages.response(486, to: invite)
        let actions = machine.receive(.response(busy), at: .milliseconds(100))
        guard case .send(let ack)? = actions.first else {
            Issue.record("no ACK")
            return
        }
        #expect(actions == [.send(ack), .deliver(busy)])
        #expect(ack.method == .ack)
        #expect(ack.uri == invite.uri)
        #expect(ack.topVia == invite.topVia)
        #expect(ack.lowerVias.isEmpty)
        #expect(ack.to.tag == "b")
        #expect(ack.cseq == CSeq(number: 1, method: .ack))
        #expect(ack.headers.all(.route) == invite.headers.all(.route))
        #expect(machine.receive(.response(busy), at: .milliseconds(600)) == [.send(ack)])
        #expect(machine.receive(.deadline, at: .milliseconds(32_099)) == [])
        #expect(machine.receive(.deadline, at: .milliseconds(32_100)) == [.finish(.completed)])
        #expect(machine.receive(.response(busy), at: .milliseconds(32_200)) == [])
    }

    @Test("After a 2xx further ones are delivered until Timer M, all else is dropped (RFC 6026 §7.2)")
    func accepted() {
        var machine = start()
        let answer = SampleMessages.response(200, to: invite)
        let fork = SampleMessages.response(200, to: invite, tag: "c")
        #expect(machine.receive(.response(answer), at: .milliseconds(100)) == [.deliver(answer)])
        #expect(machine.receive(.response(answer), at: .milliseconds(600)) == [.deliver(answer)])
        #expect(machine.receive(.response(fork), at: .milliseconds(700)) == [.deliver(fork)])
        #expect(machine.receive(.response(SampleMessages.response(486, to: invite)), at: .milliseconds(800)) == [])
        #expect(machine.receive(.transportFailed, at: .milliseconds(900)) == [])
        #expect(machine.nextDeadline == .milliseconds(32_100))
        #expect(machine.receive(.deadline, at: .milliseconds(32_100)) == [.finish(.completed)])
    }

    @Test("A transport failure ends a transaction that waits")
    func transportFailed() {
        var machine = start()
        #expect(machine.receive(.transportFailed, at: .milliseconds(10)) == [.finish(.transportFailed)])
        #expect(machine.receive(.transportFailed, at: .milliseconds(20)) == [])
    }

    @Test("An abandoned transaction ends once, and one with a final response can't be abandoned")
    func abandoned() {
        var waiting = start()
        #expect(waiting.abandon() == [.finish(.timedOut)])
        #expect(waiting.abandon() == [])
        var answered = start()
        _ = answered.receive(.response(SampleMessages.response(200, to: invite)), at: .zero)
        #expect(answered.abandon() == [])
    }
}
