import Audio
import Logging
import MediaEngine
import SansIO
import Synchronization
import Telephony
import Testing

@Suite("Two user agents on loopback", .serialized, .timeLimit(.minutes(1)))
struct UserAgentTests {
    /// One party: its user agent, its media, and what it was told.
    private final class Party: Sendable {
        let agent: UserAgent
        let media: MediaEngine
        let calls: AsyncStream<PhoneCall>
        let events: AsyncStream<PhoneCallEvent>
        private let eventSink: AsyncStream<PhoneCallEvent>.Continuation
        let heard = Mutex<[UInt8]>([])

        init(ports: ClosedRange<UInt16>) async throws {
            var mediaConfiguration = MediaEngine.Configuration()
            mediaConfiguration.bindAddress = "127.0.0.1"
            mediaConfiguration.ports = ports
            media = try MediaEngine(mediaConfiguration)
            let (calls, callSink) = AsyncStream<PhoneCall>.makeStream()
            let (events, eventSink) = AsyncStream<PhoneCallEvent>.makeStream()
            self.calls = calls
            self.events = events
            self.eventSink = eventSink
            var configuration = UserAgent.Configuration()
            configuration.bindAddress = "127.0.0.1"
            configuration.port = 0
            agent = try await UserAgent.start(configuration, media: media, logger: Logger(label: "test")) { _ in
                UserAgent.IncomingDecision(
                    handlers: PhoneCallHandlers(
                        media: MediaStream.Handlers(uplink: { _, _ in }, event: { _ in })
                    ) { eventSink.yield($0) }
                ) { callSink.yield($0) }
            }
        }

        var handlers: PhoneCallHandlers {
            PhoneCallHandlers(
                media: MediaStream.Handlers(
                    uplink: { [self] bytes, _ in heard.withLock { $0.append(contentsOf: bytes) } }, event: { _ in })
            ) { [eventSink] in eventSink.yield($0) }
        }

        func shutDown() async {
            await agent.shutDown()
            media.shutdown()
        }
    }

    @Test("A call rings, is answered, carries a tone, and ends with a BYE that both hear of")
    func wholeCall() async throws {
        let caller = try await Party(ports: 30_000...30_098)
        let callee = try await Party(ports: 30_100...30_198)
        let call = try await caller.agent.place(
            OutgoingCall(target: "sip:bob@\(callee.agent.address)", callerID: "+15105550123"),
            handlers: caller.handlers)
        var calls = callee.calls.makeAsyncIterator()
        let incoming = try #require(await calls.next())
        incoming.ring()
        var events = caller.events.makeAsyncIterator()
        #expect(await events.next() == .ringing(earlyMedia: false))
        incoming.answer()
        var answer = await events.next()
        // A 180 may come twice.
        while case .ringing? = answer { answer = await events.next() }
        guard case .answered(.pcmu, _) = answer else {
            Issue.record("the call was not answered in PCMU, but \(String(describing: answer))")
            return
        }
        var tone = ToneGenerator(frequency: 1_000, level: -10)
        incoming.media.play(G711.encode(tone.samples(8_000), .mu), tag: 1)
        incoming.media.finish(tag: 1)
        while caller.heard.withLock({ $0.count }) < 6_400 { await Task.yield() }
        call.hangUp(reason: "enough")
        #expect(await events.next() == .ended(byRemote: false, reason: "enough"))
        var theirs = callee.events.makeAsyncIterator()
        guard case .answered = await theirs.next() else {
            Issue.record("the callee was not told of the ACK")
            return
        }
        #expect(await theirs.next() == .ended(byRemote: true, reason: "enough"))
        let samples = G711.decode(caller.heard.withLock { Array($0.suffix(3_200)) }, .mu)
        #expect(LevelMeter.level(of: samples) > -20)
        await caller.shutDown()
        await callee.shutDown()
    }

    @Test("A port in use is told with the setting that changes it")
    func portInUse() async throws {
        let first = try await Party(ports: 30_200...30_298)
        var configuration = UserAgent.Configuration()
        configuration.bindAddress = "127.0.0.1"
        configuration.port = first.agent.address.port
        do {
            _ = try await UserAgent.start(configuration, media: first.media, logger: Logger(label: "test"))
            Issue.record("two user agents on one port")
        } catch {
            #expect(error.code == .cannotBind)
            #expect(error.message.contains("MOONLINE_SIP_PORT"))
        }
        await first.shutDown()
    }
}
