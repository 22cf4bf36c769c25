import SIP
import SansIO
import Testing

/// Messages that nobody sane sends: the user agent never traps, and a call survives strangers.
@Suite struct HostileInputTests {
    /// Every datagram of a call with ringing, an answer, a session change, a transfer and a hang-up, as the caller
    /// (agent 0) receives them.
    private static func recordedCall(seed: UInt64) -> VirtualNetwork {
        var network = VirtualNetwork(seed: seed, agents: 2)
        network.react = { network, agent, handle, event in
            switch (agent, event) {
            case (1, .incoming):
                network.command(1, handle, .ring(status: 183, body: [1]))
                network.after(.seconds(1)) { $0.command(1, handle, .answer(body: [2])) }
            case (1, .answered):
                network.after(.seconds(1)) { $0.command(1, handle, .offer(body: [3])) }
                network.after(.seconds(2)) {
                    $0.command(1, handle, .transfer(to: VirtualNetwork.uri(2), headers: Headers()))
                }
            case (_, .offer): network.command(agent, handle, .answerOffer(body: [4]))
            case (0, .referred):
                network.command(0, handle, .acceptRefer)
                network.command(0, handle, .referProgress(status: 200, reason: nil))
            case (1, .transferEnded): network.command(1, handle, .hangUp(reasons: []))
            default: break
            }
        }
        let handle = network.makeHandle(0)
        let invite = OutgoingInvite(
            requestURI: VirtualNetwork.uri(1), from: NameAddress(uri: VirtualNetwork.uri(0)), offer: [9],
            destination: VirtualNetwork.address(1))
        network.command(0, handle, .invite(invite))
        let isQuiet = network.run()
        #expect(isQuiet && network.isIdle)
        return network
    }

    private static func mutated(_ bytes: [UInt8], _ random: inout SeededRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            guard !bytes.isEmpty else { return bytes }
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch random.next() % 5 {
            case 0: bytes[index] = UInt8(truncatingIfNeeded: random.next())
            case 1: bytes.remove(at: index)
            case 2: bytes.insert(UInt8(ascii: "9"), at: index)
            case 3: bytes.removeLast(Int.random(in: 0...min(20, bytes.count), using: &random))
            default:
                let end = Int.random(in: index..<bytes.count, using: &random)
                bytes.insert(contentsOf: bytes[index...end], at: index)
            }
        }
        return bytes
    }

    @Test("Mutated messages of a real call never trap, and leave nothing for ever", arguments: [UInt64](0..<20))
    func mutations(seed: UInt64) {
        let call = Self.recordedCall(seed: seed)
        var random = SeededRandom(seed: seed)
        for victim in 0...1 {
            let configuration = UserAgentCore.Configuration(address: VirtualNetwork.address(victim))
            var core = UserAgentCore(configuration: configuration, seed: seed)
            var now = Instant.zero
            var handle = core.makeHandle()
            let invite = OutgoingInvite(
                requestURI: VirtualNetwork.uri(1), from: NameAddress(uri: VirtualNetwork.uri(0)), offer: [9],
                destination: VirtualNetwork.address(1))
            _ = core.receive(.command(handle, .invite(invite)), at: now)
            for datagram in call.sent where datagram.to == VirtualNetwork.address(victim) {
                for _ in 0..<10 {
                    let bytes = random.chance(0.2) ? datagram.bytes : Self.mutated(datagram.bytes, &random)
                    now += .milliseconds(Int.random(in: 0...300, using: &random))
                    let actions = core.receive(.datagram(bytes, from: datagram.from), at: now)
                    for case .event(let caller, .incoming) in actions { handle = caller }
                    let commands: [UserAgentCore.Command] = [
                        .answer(body: [1]), .answerOffer(body: [1]), .acceptRefer, .hangUp(reasons: []),
                        .offer(body: [2]), .referProgress(status: 200, reason: nil),
                    ]
                    if random.chance(0.3), let command = commands.randomElement(using: &random) {
                        _ = core.receive(.command(handle, command), at: now)
                    }
                    _ = core.receive(.deadline, at: now)
                }
            }
            for number in 0..<1_000 {
                _ = core.receive(.command(CallHandle(number: UInt64(number)), .hangUp(reasons: [])), at: now)
            }
            while let deadline = core.nextDeadline {
                now = max(now, deadline)
                _ = core.receive(.deadline, at: now)
            }
            #expect(core.isIdle)
        }
    }

    @Test(
        "Strangers who know neither Call-ID nor tags can't end, change or silence a call", arguments: [UInt64](0..<10))
    func strangers(seed: UInt64) throws {
        var fixture = UserAgentFixture()
        let invite = try fixture.establish()
        var random = SeededRandom(seed: seed)
        let stranger = TransportAddress(host: "198.51.100.66", port: 5060)
        let methods: [SIP.Method] = [.bye, .invite, .update, .info, .refer, .notify, .cancel, .ack, .options]
        for index in 0..<300 {
            let method = methods[index % methods.count]
            var request = fixture.request(
                method, fromTag: random.chance(0.5) ? "b" : random.token(length: 5),
                toTag: random.chance(0.5) ? invite.from.tag : random.token(length: 5),
                callID: random.chance(0.5) ? invite.callID : "guess", number: 99)
            // Whoever has all three is no stranger.
            if request.callID == invite.callID, request.to.tag == invite.from.tag { request.from.tag = "guess" }
            fixture.receive(request, from: stranger)
            fixture.receive(fixture.response(200, to: request), from: stranger)
        }
        #expect(fixture.takeEvents().isEmpty)
        _ = fixture.takeSent()
        fixture.command(.hangUp(reasons: []))
        let bye = try #require(fixture.takeSent().first)
        #expect(bye.destination == UserAgentFixture.peer)
        #expect(bye.message.request?.cseq.number == invite.cseq.number + 1)
    }
}
