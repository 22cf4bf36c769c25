import MediaEngine
import SIP
import SansIO
import Telephony
import Testing

@Suite("A phone's signalling, in virtual time")
struct PhoneCoreTests {
    /// A call from party 0 that party 1, a phone, has answered.
    private func established() throws -> VirtualLine {
        var line = VirtualLine()
        try line.place()
        line.run(for: .milliseconds(100))
        line.command(1, .answer)
        line.run(for: .seconds(1))
        return line
    }

    /// A call of the stranger's that party 0 has answered.
    private func establishedByStranger() -> VirtualLine {
        var line = VirtualLine(withStranger: true)
        line.strangerCalls(offer: VirtualLine.description())
        line.run(for: .milliseconds(100))
        line.command(0, .answer)
        line.run(for: .seconds(1))
        return line
    }

    @Test("A call rings, is answered and ended; audio is started before its owner is told that it flows")
    func wholeCall() throws {
        var line = VirtualLine()
        try line.place()
        line.run(for: .milliseconds(100))
        line.command(1, .ring)
        line.run(for: .seconds(2))
        line.command(1, .answer)
        line.run(for: .seconds(20))
        line.command(0, .hangUp(reason: "enough"))
        line.run()
        #expect(
            line.story(0) == [
                "send INVITE", "rings", "send ACK", "media 192.0.2.2:5004 pcmu sendReceive", "answered in pcmu",
                "ended by us: enough", "send BYE",
            ])
        #expect(
            line.story(1) == [
                "alice calls bob", "send 180", "media 192.0.2.1:4002 pcmu sendReceive", "send 200", "answered in pcmu",
                "send 200", "ended by them: enough",
            ])
        #expect(line.isIdle)
    }

    @Test("A call that nobody takes is refused with the status given, and no owner hears of it", arguments: [480, 503])
    func refused(status: Int) throws {
        var line = VirtualLine()
        line.react = { line, party, action in
            if case .incoming(let handle, _) = action { line.refuse(handle, by: party, status: status) }
        }
        try line.place()
        line.run()
        #expect(line.story(1) == ["alice calls bob", "send \(status)"])
        #expect(line.events(0).count == 1)
        guard case .failed(status, _, _)? = line.events(0).first else {
            Issue.record("the caller was told \(line.events(0))")
            return
        }
        #expect(line.isIdle)
    }

    @Test("An owner that rejects a call is told of its end")
    func rejected() throws {
        var line = VirtualLine()
        try line.place()
        line.run(for: .milliseconds(100))
        line.command(1, .reject(status: 486))
        line.run()
        #expect(line.story(1) == ["alice calls bob", "ended by us: rejected 486", "send 486"])
        #expect(line.story(0) == ["send INVITE", "send ACK", "failed: 486 Busy Here"])
    }

    @Test("A caller that gives up before anybody took the call: its end is told, and taking it then does nothing")
    func withdrawn() throws {
        var line = VirtualLine()
        line.react = { _, _, _ in }
        try line.place()
        line.run(for: .milliseconds(100))
        let handle = line.calls[1]
        // Without a provisional response CANCEL has to wait (RFC 3261 §9.1).
        line.command(1, .ring)
        line.run(for: .milliseconds(100))
        line.command(0, .hangUp(reason: "never mind"))
        line.run(for: .milliseconds(100))
        #expect(line.events(1) == [.ended(byRemote: true, reason: "never mind")])
        let count = line.steps.count
        line.accept(handle, by: 1)
        line.command(1, .answer)
        line.refuse(handle, by: 1)
        #expect(line.steps.count == count)
        line.run()
        #expect(line.isIdle)
    }

    @Test("A caller whose codecs we lack gets 488, and the log says why")
    func noCodecOffered() {
        var line = VirtualLine(withStranger: true)
        line.strangerCalls(offer: VirtualLine.description(formats: "18"))
        line.run(for: .milliseconds(100))
        line.command(0, .answer)
        line.run()
        let story = line.story(0)
        #expect(story.first == "stranger calls bob")
        #expect(story.dropFirst().first?.hasPrefix("notice: an incoming call cannot be answered: ") == true)
        #expect(story.dropFirst(2) == ["ended by us: rejected 488", "send 488"])
    }

    @Test("A callee whose codecs we lack is hung up on; the owner hears of the failure, and of nothing more")
    func noCodecAnswered() throws {
        var line = VirtualLine(withStranger: true)
        try line.place()
        line.run(for: .milliseconds(100))
        line.stranger(.answer(body: VirtualLine.description(formats: "18")))
        line.run()
        #expect(line.story(0) == ["send INVITE", "send ACK", "failed: 488 Not Acceptable Here", "send BYE"])
        #expect(line.strangerEvents.last?.isLast == true)
        #expect(line.isIdle)
    }

    @Test("Early media is started at 183; a 200 without body keeps it")
    func earlyMedia() throws {
        var line = VirtualLine(withStranger: true)
        try line.place()
        line.run(for: .milliseconds(100))
        line.stranger(.ring(status: 183, body: VirtualLine.description()))
        line.run(for: .seconds(1))
        line.stranger(.answer(body: []))
        line.run(for: .seconds(1))
        let media = "media 192.0.2.2:7000 pcmu sendReceive"
        #expect(
            line.story(0) == [
                "send INVITE", media, "rings with early media", "send ACK", media, "answered in pcmu",
            ])
    }

    @Test("A hold by re-INVITE changes the audio, is answered, and then told; so is its end")
    func hold() {
        var line = establishedByStranger()
        let before = line.story(0).count
        line.stranger(.offer(body: VirtualLine.description(direction: "sendonly")))
        line.run(for: .seconds(1))
        line.stranger(.offer(body: VirtualLine.description(port: 7_010)))
        line.run(for: .seconds(1))
        #expect(
            line.story(0).dropFirst(before) == [
                "media 192.0.2.2:7000 pcmu receiveOnly", "send 200", "held(true)",
                "media 192.0.2.2:7010 pcmu sendReceive", "send 200", "held(false)",
            ])
    }

    @Test("A re-INVITE that cannot be met is refused with 488; the call goes on")
    func refusedOffer() {
        var line = establishedByStranger()
        let before = line.story(0).count
        line.stranger(.offer(body: VirtualLine.description(formats: "18")))
        line.run(for: .seconds(1))
        let story = line.story(0).dropFirst(before)
        #expect(story.first?.hasPrefix("notice: a re-INVITE is refused: ") == true)
        #expect(story.last == "send 488")
        line.command(0, .hangUp(reason: "done"))
        line.run()
        #expect(line.events(0).last == .ended(byRemote: false, reason: "done"))
    }

    @Test("A caller without offer gets ours, and audio starts with its ACK")
    func lateOffer() throws {
        var line = VirtualLine(withStranger: true)
        line.strangerCalls(offer: [])
        line.run(for: .milliseconds(100))
        line.command(0, .answer)
        line.run(for: .milliseconds(100))
        #expect(line.story(0) == ["stranger calls bob", "send 200"])
        line.stranger(.answerOffer(body: VirtualLine.description()))
        line.run(for: .milliseconds(100))
        #expect(line.story(0).suffix(2) == ["media 192.0.2.2:7000 pcmu sendReceive", "answered in pcmu"])
    }

    @Test("Keys come by INFO; what names no key is not told")
    func digits() {
        var line = establishedByStranger()
        let before = line.events(0).count
        line.stranger(.info(contentType: "application/dtmf-relay", body: Array("Signal=5\r\nDuration=200\r\n".utf8)))
        line.run(for: .seconds(1))
        line.stranger(.info(contentType: "application/dtmf", body: Array("nothing".utf8)))
        line.run(for: .seconds(1))
        line.stranger(.info(contentType: "application/dtmf", body: Array("#".utf8)))
        line.run(for: .seconds(1))
        #expect(
            line.events(0).dropFirst(before) == [
                .digit("5", durationMilliseconds: 200), .digit("#", durationMilliseconds: 160),
            ])
    }

    @Test("A transfer is asked for, accepted, reported on and done")
    func transfer() throws {
        var line = try established()
        let before = [line.events(0).count, line.events(1).count]
        line.command(0, try .transfer(target: "+15105550199"))
        line.run(for: .seconds(1))
        #expect(line.events(1).dropFirst(before[1]) == [.transferRequested(to: "tel:+15105550199")])
        line.command(1, .acceptTransfer)
        line.run(for: .seconds(1))
        line.command(1, .reportTransfer(status: 180, reason: nil))
        line.run(for: .seconds(1))
        line.command(1, .reportTransfer(status: 200, reason: "OK"))
        line.run(for: .seconds(1))
        #expect(
            line.events(0).dropFirst(before[0]) == [
                .transferAccepted, .transferProgress(status: 100, reason: "Trying"),
                .transferProgress(status: 180, reason: "Ringing"), .transferEnded(status: 200, reason: "OK"),
            ])
    }

    @Test("A refused transfer ends with the refusal; the call goes on")
    func refusedTransfer() throws {
        var line = try established()
        line.command(0, try .transfer(target: "sip:carol@192.0.2.9"))
        line.run(for: .seconds(1))
        line.command(1, .refuseTransfer(status: 603))
        line.run(for: .seconds(1))
        #expect(line.events(0).last == .transferEnded(status: 603, reason: "Decline"))
        line.command(1, .hangUp(reason: "bye"))
        line.run()
        #expect(line.events(0).last == .ended(byRemote: true, reason: "bye"))
    }

    @Test("What is no target is refused before anything is sent")
    func badTargets() {
        #expect(throws: TelephonyError.self) { try PhoneCommand.transfer(target: "sip:") }
        var line = VirtualLine()
        #expect(throws: TelephonyError.self) { try line.place { $0.target = "sips:bob@192.0.2.2" } }
        #expect(line.steps.isEmpty && line.isIdle)
    }

    @Test("A hang-up's reason cannot break out of its header field")
    func quotedReason() throws {
        var line = try established()
        line.command(0, .hangUp(reason: "a \"b\\\"\r\nX-Injected: \u{e9}1"))
        line.run()
        #expect(line.events(1).last == .ended(byRemote: true, reason: "a bX-Injected: 1"))
    }

    @Test("Nobody listens at the trunk: the call fails at once")
    func unreachable() throws {
        var line = VirtualLine()
        try line.place()
        line.transportFails(for: 0)
        #expect(line.story(0) == ["send INVITE", "failed: 0 unreachable"])
    }

    @Test("All calls of a phone can be ended at once, and each is told of")
    func hangUpAll() throws {
        var line = VirtualLine()
        for _ in 0..<3 { try line.place() }
        line.run(for: .milliseconds(100))
        line.hangUpAll(1)
        line.run()
        #expect(line.events(0).count == 3 && line.events(0).allSatisfy(\.isLast))
        #expect(line.events(1).count == 3 && line.events(1).allSatisfy(\.isLast))
        #expect(line.isIdle)
    }

    @Test("Lost requests and answers are sent again; each event comes once")
    func retransmission() throws {
        var line = VirtualLine()
        line.doomed = ["INVITE": 2, "SIP/2.0 200": 2, "ACK": 1, "BYE": 3]
        try line.place()
        line.run(for: .seconds(5))
        line.command(1, .answer)
        line.run(for: .seconds(10))
        line.command(0, .hangUp(reason: "done"))
        line.run()
        #expect(line.story(0).filter { $0 == "send INVITE" }.count == 3)
        #expect(line.story(0).filter { $0 == "send BYE" }.count == 4)
        #expect(line.events(0).map(\.isLast) == [false, true])
        #expect(line.events(1).map(\.isLast) == [false, true])
        let media = line.story(0).firstIndex { $0.hasPrefix("media") }
        let answered = line.story(0).firstIndex { $0.hasPrefix("answered") }
        #expect(try #require(media) < #require(answered))
        #expect(line.isIdle)
    }
}
