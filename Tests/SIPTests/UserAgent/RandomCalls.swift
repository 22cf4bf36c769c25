import SIP
import SansIO
import Testing

/// Three applications that place, answer, refuse, change, transfer, cancel and hang up calls at random times.
struct RandomCalls {
    let seed: UInt64

    /// Runs the calls to the end and checks what must hold of every run.
    @discardableResult
    func run() -> VirtualNetwork {
        var random = SeededRandom(seed: seed ^ 0x5EED)
        let conditions = VirtualNetwork.Conditions(
            loss: seed % 3 == 0 ? 0 : Double(random.next() % 25) / 100, duplication: random.chance(0.5) ? 0.1 : 0,
            delay: random.chance(0.3) ? 5...700 : 5...80)
        var network = VirtualNetwork(seed: seed, agents: 3, conditions: conditions)
        network.react = react
        let count = Int.random(in: 1...4, using: &random)
        for _ in 0..<count {
            let caller = Int.random(in: 0...1, using: &random)
            network.after(.milliseconds(Int.random(in: 0...20_000, using: &random))) { network in
                place(&network, from: caller, to: 1 - caller)
            }
        }
        let isQuiet = network.run()
        #expect(isQuiet, "seed \(seed): something never ends")
        check(network)
        return network
    }

    // MARK: Applications

    private func milliseconds(_ range: ClosedRange<Int>, _ network: inout VirtualNetwork) -> Duration {
        .milliseconds(Int.random(in: range, using: &network.random))
    }

    @discardableResult
    private func place(_ network: inout VirtualNetwork, from caller: Int, to callee: Int) -> CallHandle {
        let handle = network.makeHandle(caller)
        let invite = OutgoingInvite(
            requestURI: VirtualNetwork.uri(callee), from: NameAddress(uri: VirtualNetwork.uri(caller)),
            offer: Array("offer".utf8), destination: VirtualNetwork.address(callee),
            ringTimeout: milliseconds(1_000...60_000, &network))
        network.command(caller, handle, .invite(invite))
        if network.random.chance(0.3) {
            network.after(milliseconds(0...8_000, &network)) { $0.command(caller, handle, .hangUp(reasons: [])) }
        }
        return handle
    }

    private func react(_ network: inout VirtualNetwork, _ agent: Int, _ handle: CallHandle, _ event: CallEvent) {
        switch event {
        case .incoming: decide(&network, agent, handle)
        case .answered: converse(&network, agent, handle)
        case .offer(let body):
            #expect(body != nil)
            let accepts = network.random.chance(0.8)
            network.after(milliseconds(0...500, &network)) {
                $0.command(
                    agent, handle, accepts ? .answerOffer(body: Array("answer".utf8)) : .refuseOffer(status: 488))
            }
        case .referred(let target, _): follow(&network, agent, handle, target)
        case .transferEnded(let status, _) where status < 300:
            network.after(milliseconds(0...500, &network)) { $0.command(agent, handle, .hangUp(reasons: [])) }
        default: break
        }
    }

    private func decide(_ network: inout VirtualNetwork, _ agent: Int, _ handle: CallHandle) {
        if network.random.chance(0.7) {
            let hasEarlyMedia = network.random.chance(0.5)
            network.after(milliseconds(0...400, &network)) {
                $0.command(
                    agent, handle, .ring(status: hasEarlyMedia ? 183 : 180, body: hasEarlyMedia ? [1, 2] : nil))
            }
        }
        let delay = milliseconds(0...6_000, &network)
        switch network.random.next() % 10 {
        case 0:
            network.after(delay) { $0.command(agent, handle, .reject(status: 486, reason: nil, headers: Headers())) }
        case 1: network.after(delay) { $0.command(agent, handle, .hangUp(reasons: [])) }
        case 2: break
        default: network.after(delay) { $0.command(agent, handle, .answer(body: Array("answer".utf8))) }
        }
    }

    private func converse(_ network: inout VirtualNetwork, _ agent: Int, _ handle: CallHandle) {
        network.after(milliseconds(0...40_000, &network)) { $0.command(agent, handle, .hangUp(reasons: [])) }
        if network.random.chance(0.5) {
            network.after(milliseconds(0...4_000, &network)) {
                $0.command(agent, handle, .offer(body: Array("offer".utf8)))
            }
        }
        if network.random.chance(0.3) {
            network.after(milliseconds(0...4_000, &network)) {
                $0.command(agent, handle, .info(contentType: "application/dtmf-relay", body: Array("Signal=1".utf8)))
            }
        }
        if network.random.chance(0.3) {
            network.after(milliseconds(0...6_000, &network)) {
                $0.command(agent, handle, .transfer(to: VirtualNetwork.uri(2), headers: Headers()))
            }
        }
    }

    /// Calls the target of a REFER, and reports how that goes.
    private func follow(_ network: inout VirtualNetwork, _ agent: Int, _ handle: CallHandle, _ target: NameAddress) {
        #expect(target.uri == VirtualNetwork.uri(2))
        guard network.random.chance(0.8) else {
            network.command(agent, handle, .refuseRefer(status: 603))
            return
        }
        network.command(agent, handle, .acceptRefer)
        place(&network, from: agent, to: 2)
        let status = network.random.chance(0.7) ? 200 : 486
        network.after(milliseconds(100...2_000, &network)) {
            $0.command(agent, handle, .referProgress(status: 180, reason: nil))
        }
        if network.random.chance(0.9) {
            network.after(milliseconds(2_000...5_000, &network)) {
                $0.command(agent, handle, .referProgress(status: status, reason: nil))
            }
        }
    }

    // MARK: What must hold

    private func check(_ network: VirtualNetwork) {
        for (index, agent) in network.agents.enumerated() {
            #expect(agent.isIdle, "seed \(seed): agent \(index) keeps something")
            #expect(agent.nextDeadline == nil, "seed \(seed): agent \(index) waits for something")
            #expect(agent.callCount == 0, "seed \(seed): agent \(index) counts a call that has ended")
        }
        let calls = Dictionary(grouping: network.log) { "\($0.agent)-\($0.handle)" }
        for (name, entries) in calls {
            let events = entries.map(\.event)
            #expect(
                events.count { $0.isLast } == 1, "seed \(seed): call \(name) ends \(events.count { $0.isLast }) times")
            #expect(events.last?.isLast == true, "seed \(seed): call \(name) has events after its end")
            checkOrder(events, name)
            checkTransfers(events, name)
        }
        checkAgreement(network)
    }

    private func checkOrder(_ events: [CallEvent], _ name: String) {
        let answers = events.count { if case .answered = $0 { true } else { false } }
        #expect(answers <= 1, "seed \(seed): call \(name) is answered \(answers) times")
        guard let last = events.last, case .failed = last else { return }
        #expect(answers == 0, "seed \(seed): call \(name) fails after the answer")
    }

    private func checkTransfers(_ events: [CallEvent], _ name: String) {
        var isOpen = false
        for event in events {
            switch event {
            case .transferAccepted: isOpen = true
            case .transferEnded: isOpen = false
            default: break
            }
        }
        #expect(!isOpen, "seed \(seed): call \(name) has a transfer without end")
    }

    /// Both sides of each call tell the same story.
    private func checkAgreement(_ network: VirtualNetwork) {
        for (callID, entries) in Dictionary(grouping: network.log, by: { $0.callID }) {
            let callees = Set(
                entries.compactMap { entry -> CallHandle? in
                    if case .incoming = entry.event { entry.handle } else { nil }
                })
            #expect(callees.count <= 1, "seed \(seed): \(callID) came in \(callees.count) times")
            let callee = entries.first { if case .incoming = $0.event { true } else { false } }?.agent
            let heard = entries.filter { $0.agent == callee }.map(\.event)
            let placed = entries.filter { $0.agent != callee }.map(\.event)
            guard let theirs = heard.last, let ours = placed.last else { continue }
            check(caller: placed, ours, callee: heard, theirs, callID)
        }
    }

    private func check(
        caller: [CallEvent], _ ours: CallEvent, callee: [CallEvent], _ theirs: CallEvent, _ callID: String
    ) {
        let isAnsweredHere = caller.contains { if case .answered = $0 { true } else { false } }
        let isAnsweredThere = callee.contains { if case .answered = $0 { true } else { false } }
        let hasGivenUp: Bool =
            switch ours {
            case .ended(let end): end.cause == .cancelled
            case .failed(let failure): failure.cause == .ringTimeout || failure.cause == .noResponse
            default: false
            }
        #expect(
            !isAnsweredThere || isAnsweredHere || hasGivenUp, "seed \(seed): only the callee of \(callID) is answered")
        if case .failed(let failure) = ours, failure.cause == .refused {
            let expected = CallEvent.ended(CallEnd(by: .local, cause: .rejected(failure.status)))
            #expect(theirs == expected, "seed \(seed): \(callID) was refused with \(failure.status), but \(theirs)")
        }
        guard case .ended(let end) = theirs else {
            Issue.record("seed \(seed): the callee of \(callID) failed")
            return
        }
        switch (end.by, end.cause) {
        case (.remote, .cancelled):
            #expect(hasGivenUp, "seed \(seed): the callee of \(callID) was cancelled, but \(ours)")
        case (.remote, .bye):
            guard case .ended(let end) = ours else {
                #expect(hasGivenUp, "seed \(seed): the callee of \(callID) was hung up, but \(ours)")
                return
            }
            let hungUp = end.by == .local || end.cause != .bye
            #expect(hungUp, "seed \(seed): \(callID) was hung up by nobody")
        case (_, .rejected), (_, .unanswered):
            #expect(!isAnsweredHere, "seed \(seed): \(callID) is answered only at the caller's")
        default: break
        }
    }
}
