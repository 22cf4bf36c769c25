import SIP
import SansIO
import Testing

/// Whole calls between user agents on a virtual network: what must hold whatever is lost, and whoever does what when.
@Suite struct SimulatedCallTests {
    @Test("On a clean network a call is placed, rings, is answered, changed and hung up, as both sides see it")
    func cleanCall() {
        var network = VirtualNetwork(seed: 1, agents: 2)
        let offer = Array("offer".utf8)
        network.react = { network, agent, handle, event in
            switch (agent, event) {
            case (1, .incoming(let call)):
                #expect(call.offer == offer)
                network.command(1, handle, .ring(status: 180, body: nil))
                network.after(.seconds(2)) { $0.command(1, handle, .answer(body: Array("answer".utf8))) }
            case (0, .answered(let body, _)):
                #expect(body == Array("answer".utf8))
                network.after(.seconds(1)) { $0.command(0, handle, .offer(body: Array("hold".utf8))) }
                network.after(.seconds(5)) { $0.command(0, handle, .hangUp(reasons: ["Q.850;cause=16"])) }
            case (1, .offer(let body)):
                #expect(body == Array("hold".utf8))
                network.command(1, handle, .answerOffer(body: Array("held".utf8)))
            default: break
            }
        }
        let handle = network.makeHandle(0)
        network.command(
            0, handle,
            .invite(
                OutgoingInvite(
                    requestURI: VirtualNetwork.uri(1), from: NameAddress(uri: VirtualNetwork.uri(0)), offer: offer,
                    destination: VirtualNetwork.address(1))))
        let isQuiet = network.run()
        #expect(isQuiet)
        let caller = network.log.filter { $0.agent == 0 }.map(\.event)
        let callee = network.log.filter { $0.agent == 1 }.map(\.event)
        #expect(caller.count == 4)
        #expect(caller.contains(.offerAnswered(body: Array("held".utf8))))
        #expect(caller.last == .ended(CallEnd(by: .local, cause: .bye, reasons: ["Q.850;cause=16"])))
        #expect(callee.count == 4)
        #expect(callee.last == .ended(CallEnd(by: .remote, cause: .bye, reasons: ["Q.850;cause=16"])))
        #expect(network.isIdle)
    }

    @Test(
        "Every call ends once on each side and leaves nothing behind, on lossy networks",
        arguments: [UInt64](stride(from: 0, to: 300, by: 50)))
    func randomCalls(firstSeed: UInt64) {
        for seed in firstSeed..<(firstSeed + 50) { RandomCalls(seed: seed).run() }
    }

    @Test("Equal seeds lead to equal calls")
    func repeatable() {
        let first = RandomCalls(seed: 7).run()
        let second = RandomCalls(seed: 7).run()
        #expect(first.sent.map(\.bytes) == second.sent.map(\.bytes))
        #expect(first.log.map(\.event) == second.log.map(\.event))
    }

    @Test("Twenty calls at a time between the same agents don't mix")
    func simultaneousCalls() {
        var network = VirtualNetwork(
            seed: 3, agents: 2, conditions: .init(loss: 0.05, duplication: 0.05, delay: 5...150))
        var answers: [CallHandle: [UInt8]] = [:]
        network.react = { network, agent, handle, event in
            switch (agent, event) {
            case (1, .incoming(let call)):
                let echo = (call.offer ?? []) + [UInt8(ascii: "!")]
                network.after(.seconds(1)) { $0.command(1, handle, .answer(body: echo)) }
            case (0, .answered):
                network.after(.seconds(3)) { $0.command(0, handle, .hangUp(reasons: [])) }
            default: break
            }
        }
        for number in 0..<20 {
            let handle = network.makeHandle(0)
            answers[handle] = Array("offer \(number)!".utf8)
            network.command(
                0, handle,
                .invite(
                    OutgoingInvite(
                        requestURI: VirtualNetwork.uri(1), from: NameAddress(uri: VirtualNetwork.uri(0)),
                        offer: Array("offer \(number)".utf8), destination: VirtualNetwork.address(1))))
        }
        let isQuiet = network.run()
        #expect(isQuiet)
        for (handle, answer) in answers {
            let bodies = network.log.compactMap { entry -> [UInt8]? in
                guard entry.agent == 0, entry.handle == handle, case .answered(let body, _) = entry.event else {
                    return nil
                }
                return body
            }
            #expect(bodies == [answer])
        }
        #expect(network.isIdle)
    }
}
