import MediaEngine
import Net
import SansIO
import TestSupport
import Testing

@testable import TestCalls

@Suite("A bad line over the wire", .timeLimit(.minutes(1)))
struct MediaRelayTests {
    /// A relay between two sockets, which stand for the ends' RTP ports, and what each has heard.
    private struct Ends {
        let relay: MediaRelay
        let agent: DatagramSocket
        let callee: DatagramSocket
        let heardByAgent = Watched<[[UInt8]]>([])
        let heardByCallee = Watched<[[UInt8]]>([])
        /// Where each end sends to.
        let fromAgent: TransportAddress
        let fromCallee: TransportAddress

        init(_ conditions: NetworkConditions) async throws {
            let (heardByAgent, heardByCallee) = (heardByAgent, heardByCallee)
            agent = try await DatagramSocket.bind(host: Loopback.host, port: 0) { bytes, _ in
                heardByAgent.update { $0.append(bytes) }
            } onError: { _, _ in
            }
            callee = try await DatagramSocket.bind(host: Loopback.host, port: 0) { bytes, _ in
                heardByCallee.update { $0.append(bytes) }
            } onError: { _, _ in
            }
            relay = try await MediaRelay.open(conditions, seed: 1, calleePort: callee.localAddress.port)
            fromAgent = TransportAddress(host: Loopback.host, port: try #require(relay.agentSidePort))
            fromCallee = relay.route(MediaParameters(remote: agent.localAddress)).remote
        }

        func close() async {
            await relay.close()
            await agent.shutdown()
            await callee.shutdown()
        }
    }

    @Test("A good line carries every datagram both ways, in order")
    func perfect() async throws {
        let ends = try await Ends(.perfect)
        let sent = (0..<100).map { [UInt8($0)] }
        for bytes in sent {
            ends.agent.send(bytes, to: ends.fromAgent)
            ends.callee.send(bytes, to: ends.fromCallee)
        }
        try await ends.heardByAgent.wait(for: "all datagrams at the agent") { $0.count == 100 ? true : nil }
        try await ends.heardByCallee.wait(for: "all datagrams at the callee") { $0.count == 100 ? true : nil }
        #expect(ends.heardByAgent.value == sent)
        #expect(ends.heardByCallee.value == sent)
        await ends.close()
    }

    @Test("Datagrams are lost by seed, and the others take their time")
    func lossAndDelay() async throws {
        let conditions = NetworkConditions(loss: 0.25, delay: .milliseconds(100))
        var link = ImpairedLink(conditions, seed: SeededRandom.second(of: 1))
        let expected = (0..<100).filter { _ in !link.arrivals(sentAt: .zero).isEmpty }.map { [UInt8($0)] }
        let ends = try await Ends(conditions)
        let began = MonotonicClock.now()
        for number in 0..<100 { ends.agent.send([UInt8(number)], to: ends.fromAgent) }
        try await ends.heardByCallee.wait(for: "what is not lost") { $0.count == expected.count ? true : nil }
        #expect(MonotonicClock.now() - began >= .milliseconds(100))
        #expect(ends.heardByCallee.value == expected)
        #expect((60...90).contains(expected.count))
        await ends.close()
    }

    @Test("A direction dies for good, so long after the answer, and the other lives")
    func oneWay() async throws {
        let oneWay = NetworkConditions.OneWay(after: .seconds(1), direction: .toAgent)
        let ends = try await Ends(NetworkConditions(oneWay: oneWay))
        ends.callee.send([1], to: ends.fromCallee)
        try await ends.heardByAgent.wait(for: "a datagram before the answer") { $0.first }
        // Answered more than a second ago.
        ends.relay.noteAnswer(at: MonotonicClock.now() - .seconds(2))
        ends.callee.send([2], to: ends.fromCallee)
        ends.agent.send([3], to: ends.fromAgent)
        try await ends.heardByCallee.wait(for: "the other direction") { $0.first }
        #expect(ends.heardByAgent.value == [[1]])
        await ends.close()
    }
}

extension SeededRandom {
    /// The second number of a sequence.
    fileprivate static func second(of seed: UInt64) -> UInt64 {
        var random = SeededRandom(seed: seed)
        _ = random.next()
        return random.next()
    }
}
