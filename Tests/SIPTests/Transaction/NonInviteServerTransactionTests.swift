import SIP
import SansIO
import Testing

@Suite struct NonInviteServerTransactionTests {
    private let options = SampleMessages.request(.options)

    private func start(isReliable: Bool = false) -> NonInviteServerTransaction {
        NonInviteServerTransaction(
            trying: Response(to: options, statusCode: 100), timers: TransactionTimers(), isReliable: isReliable,
            at: .zero)
    }

    @Test("The final response answers each retransmission until Timer J at 64·T1")
    func timerJ() {
        var machine = start()
        let ok = SampleMessages.response(200, to: options)
        #expect(machine.receive(.retransmission, at: .zero) == [])
        #expect(machine.receive(.respond(ok), at: .milliseconds(10)) == [.send(ok)])
        #expect(machine.receive(.retransmission, at: .milliseconds(500)) == [.send(ok)])
        #expect(machine.receive(.respond(SampleMessages.response(500, to: options)), at: .milliseconds(600)) == [])
        #expect(machine.nextDeadline == .milliseconds(32_010))
        #expect(machine.receive(.deadline, at: .milliseconds(32_010)) == [.finish(.completed)])
    }

    @Test("100 comes when the client's Timer E has reached T2, not before (RFC 4320 §4.1)")
    func lateTrying() {
        var machine = start()
        #expect(machine.nextDeadline == .milliseconds(3_500))
        let trying = Response(to: options, statusCode: 100)
        #expect(machine.receive(.respond(trying), at: .milliseconds(100)) == [])
        #expect(machine.receive(.deadline, at: .milliseconds(3_500)) == [.send(trying)])
        #expect(machine.receive(.retransmission, at: .milliseconds(4_000)) == [.send(trying)])
    }

    @Test("No 408 is ever sent: an unanswered transaction ends in silence at 64·T1 (RFC 4320 §4.2)")
    func never408() {
        var refused = start()
        #expect(refused.receive(.respond(SampleMessages.response(408, to: options)), at: .zero) == [.finish(.timedOut)])
        var silent = start()
        _ = silent.receive(.deadline, at: .milliseconds(3_500))
        #expect(silent.receive(.deadline, at: .milliseconds(32_000)) == [.finish(.timedOut)])
    }

    @Test("Over a reliable transport the final response ends the transaction")
    func reliable() {
        var machine = start(isReliable: true)
        let ok = SampleMessages.response(200, to: options)
        #expect(machine.receive(.respond(ok), at: .zero) == [.send(ok), .finish(.completed)])
        #expect(machine.isTerminated)
    }

    @Test("A transport failure ends a transaction that is not over, and nothing moves it afterwards")
    func transportFailed() {
        var machine = start()
        #expect(machine.receive(.transportFailed, at: .zero) == [.finish(.transportFailed)])
        #expect(machine.nextDeadline == nil)
        let ok = SampleMessages.response(200, to: options)
        #expect(machine.receive(.respond(ok), at: .zero) == [])
        #expect(machine.receive(.retransmission, at: .zero) == [])
        #expect(machine.receive(.deadline, at: .milliseconds(99_000)) == [])
    }

    @Test("An early wake-up is harmless")
    func earlyWakeUp() {
        var machine = start()
        #expect(machine.receive(.deadline, at: .milliseconds(1)) == [])
        _ = machine.receive(.respond(SampleMessages.response(486, to: options)), at: .milliseconds(2))
        #expect(machine.receive(.deadline, at: .milliseconds(3)) == [])
    }
}
