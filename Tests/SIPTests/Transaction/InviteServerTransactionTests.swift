import SIP
import SansIO
import Testing

@Suite struct InviteServerTransactionTests {
    private let invite = SampleMessages.request(.invite)

    private func start(isReliable: Bool = false) -> InviteServerTransaction {
        InviteServerTransaction(
            trying: Response(to: invite, statusCode: 100), timers: TransactionTimers(), isReliable: isReliable,
            at: .zero)
    }

    @Test("100 is sent when nothing else was within 200 ms (RFC 3261 §17.2.1)")
    func trying() {
        var silent = start()
        #expect(silent.nextDeadline == .milliseconds(200))
        let trying = Response(to: invite, statusCode: 100)
        #expect(silent.receive(.retransmission, at: .milliseconds(100)) == [])
        #expect(silent.receive(.deadline, at: .milliseconds(200)) == [.send(trying)])
        #expect(silent.receive(.retransmission, at: .milliseconds(600)) == [.send(trying)])
        var quick = start()
        let ringing = SampleMessages.response(180, to: invite)
        #expect(quick.receive(.respond(ringing), at: .milliseconds(50)) == [.send(ringing)])
        #expect(quick.nextDeadline == nil)
        #expect(quick.receive(.retransmission, at: .milliseconds(600)) == [.send(ringing)])
    }

    @Test("A refusal is sent again at T1, doubling to T2 (Timer G), until Timer H at 64·T1")
    func timersGAndH() {
        var machine = start()
        let busy = SampleMessages.response(486, to: invite)
        #expect(machine.receive(.respond(busy), at: .zero) == [.send(busy)])
        var times: [Int64] = []
        var end: [InviteServerTransaction.Action] = []
        while let deadline = machine.nextDeadline {
            let actions = machine.receive(.deadline, at: deadline)
            if actions == [.send(busy)] { times.append((deadline - .zero).milliseconds) } else { end = actions }
        }
        #expect(times == [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
        #expect(end == [.finish(.timedOut)])
    }

    @Test("The ACK stops a refusal; further ones are absorbed until Timer I")
    func confirmed() {
        var machine = start()
        let busy = SampleMessages.response(486, to: invite)
        _ = machine.receive(.respond(busy), at: .zero)
        #expect(machine.receive(.retransmission, at: .milliseconds(50)) == [.send(busy)])
        #expect(machine.receive(.acknowledgement, at: .milliseconds(100)) == [])
        #expect(machine.receive(.acknowledgement, at: .milliseconds(200)) == [])
        #expect(machine.receive(.retransmission, at: .milliseconds(300)) == [])
        #expect(machine.nextDeadline == .milliseconds(5_100))
        #expect(machine.receive(.deadline, at: .milliseconds(5_100)) == [.finish(.completed)])
    }

    @Test("After a 2xx INVITEs are absorbed and 2xx passed through until Timer L (RFC 6026 §7.1)")
    func accepted() {
        var machine = start()
        let answer = SampleMessages.response(200, to: invite)
        #expect(machine.receive(.respond(answer), at: .zero) == [.send(answer)])
        #expect(machine.receive(.retransmission, at: .milliseconds(100)) == [])
        #expect(machine.receive(.respond(answer), at: .milliseconds(500)) == [.send(answer)])
        #expect(machine.receive(.respond(SampleMessages.response(486, to: invite)), at: .milliseconds(600)) == [])
        #expect(machine.receive(.acknowledgement, at: .milliseconds(700)) == [])
        #expect(machine.nextDeadline == .milliseconds(32_000))
        #expect(machine.receive(.deadline, at: .milliseconds(32_000)) == [.finish(.completed)])
    }

    @Test("Over a reliable transport a refusal is sent once, and its ACK ends the transaction")
    func reliable() {
        var machine = start(isReliable: true)
        let busy = SampleMessages.response(486, to: invite)
        _ = machine.receive(.respond(busy), at: .zero)
        #expect(machine.nextDeadline == .milliseconds(32_000))
        #expect(machine.receive(.acknowledgement, at: .milliseconds(10)) == [.finish(.completed)])
    }

    @Test("A transport failure ends a transaction that is not over, and nothing moves it afterwards")
    func transportFailed() {
        var machine = start()
        #expect(machine.receive(.transportFailed, at: .zero) == [.finish(.transportFailed)])
        #expect(machine.nextDeadline == nil)
        let ok = SampleMessages.response(200, to: invite)
        #expect(machine.receive(.respond(ok), at: .zero) == [])
        #expect(machine.receive(.retransmission, at: .zero) == [])
        #expect(machine.receive(.deadline, at: .milliseconds(99_000)) == [])
    }

    @Test("An early wake-up is harmless")
    func earlyWakeUp() {
        var machine = start()
        #expect(machine.receive(.deadline, at: .milliseconds(1)) == [])
        _ = machine.receive(.respond(SampleMessages.response(486, to: invite)), at: .milliseconds(2))
        #expect(machine.receive(.deadline, at: .milliseconds(3)) == [])
    }
}
