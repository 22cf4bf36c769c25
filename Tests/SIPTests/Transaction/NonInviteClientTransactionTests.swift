import SIP
import SansIO
import Testing

@Suite struct NonInviteClientTransactionTests {
    private let bye = SampleMessages.request(.bye, toTag: "b")

    private func start(isReliable: Bool = false) -> NonInviteClientTransaction {
        let (machine, actions) = NonInviteClientTransaction.start(
            bye, timers: TransactionTimers(), isReliable: isReliable, at: .zero)
        #expect(actions == [.send(bye)])
        return machine
    }

    private func sendTimes(_ machine: inout NonInviteClientTransaction) -> [Int64] {
        var times: [Int64] = []
        while let deadline = machine.nextDeadline {
            let actions = machine.receive(.deadline, at: deadline)
            if actions == [.send(bye)] { times.append((deadline - .zero).milliseconds) }
        }
        return times
    }

    @Test("Timer E doubles up to T2, Timer F ends at 64·T1 (RFC 3261 §17.1.2.2)")
    func timersEAndF() {
        var machine = start()
        let times = sendTimes(&machine)
        #expect(times == [500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500])
        #expect(machine.isTerminated)
    }

    @Test("After a provisional response Timer E fires each T2, and Timer F still ends")
    func proceeding() {
        var machine = start()
        let trying = SampleMessages.response(100, to: bye)
        #expect(machine.receive(.response(trying), at: .milliseconds(100)) == [.deliver(trying)])
        let times = sendTimes(&machine)
        #expect(times == [500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500])
        #expect(machine.isTerminated)
    }

    @Test("The final response is delivered once; its retransmissions are absorbed until Timer K")
    func completed() {
        var machine = start()
        let ok = SampleMessages.response(200, to: bye)
        #expect(machine.receive(.response(ok), at: .milliseconds(100)) == [.deliver(ok)])
        #expect(machine.receive(.response(ok), at: .milliseconds(600)) == [])
        #expect(machine.nextDeadline == .milliseconds(5_100))
        #expect(machine.receive(.deadline, at: .milliseconds(5_100)) == [.finish(.completed)])
    }

    @Test("Over a reliable transport nothing is sent again, and Timer K is zero")
    func reliable() {
        var machine = start(isReliable: true)
        #expect(machine.nextDeadline == .milliseconds(32_000))
        let ok = SampleMessages.response(200, to: bye)
        #expect(machine.receive(.response(ok), at: .milliseconds(1)) == [.deliver(ok), .finish(.completed)])
    }

    @Test("A transport failure ends a transaction that waits, and is nothing to one that has its answer")
    func transportFailed() {
        var waiting = start()
        #expect(waiting.receive(.transportFailed, at: .zero) == [.finish(.transportFailed)])
        var answered = start()
        _ = answered.receive(.response(SampleMessages.response(200, to: bye)), at: .zero)
        #expect(answered.receive(.transportFailed, at: .zero) == [])
    }
}
