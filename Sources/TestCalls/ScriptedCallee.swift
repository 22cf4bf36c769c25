public import Logging
import MediaEngine
import SansIO
import Speech
import Synchronization
import Telephony

/// A callee on a port of its own: answers a call over SIP, speaks and listens over RTP, and follows a ``CalleeScript``.
public final class ScriptedCallee: Sendable {
    /// What an onlooker may want to know, in order.
    public enum Observation: Sendable, Hashable {
        case ringing(from: String)
        case answered
        case speaking(String)
        /// What the recogniser understood of the agent.
        case heard(String)
        case finished(CalleeSession.Outcome)
    }

    /// Why a callee cannot be set up.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Where it can be called: host and port of its SIP.
    public var address: String { agent.address.description }

    private let agent: UserAgent
    private let media: MediaEngine
    private let brain: CalleeBrain
    private let outcomes: AsyncStream<CalleeSession.Outcome>
    private let ending: AsyncStream<CalleeSession.Outcome>.Continuation

    /// Prepares what it will say and opens its port.
    ///
    /// - Parameters:
    ///   - bindAddress: On which it is called; loopback by default.
    ///   - port: 0 lets the kernel choose.
    /// - Throws: ``Failure``, `TelephonyError`, `MediaError`.
    public static func start(
        _ script: CalleeScript, bindAddress: String = "127.0.0.1", port: UInt16 = 0, logger: Logger,
        observer: @escaping @Sendable (Observation) -> Void = { _ in }
    ) async throws -> ScriptedCallee {
        let (outcomes, continuation) = AsyncStream<CalleeSession.Outcome>.makeStream()
        let brain = try await CalleeBrain(script) { observation in
            observer(observation)
            if case .finished(let outcome) = observation {
                continuation.yield(outcome)
                continuation.finish()
            }
        }
        var mediaConfiguration = MediaEngine.Configuration()
        mediaConfiguration.bindAddress = bindAddress
        mediaConfiguration.ports = 40_000...44_998
        let media = try MediaEngine(mediaConfiguration)
        var configuration = UserAgent.Configuration()
        configuration.bindAddress = bindAddress
        configuration.port = port
        configuration.name = "Moonline test callee"
        let isTaken = Atomic(false)
        let agent = try await UserAgent.start(configuration, media: media, logger: logger) { call in
            // One call a callee.
            guard !isTaken.exchange(true, ordering: .relaxed) else { return nil }
            return brain.take(call)
        }
        return ScriptedCallee(agent: agent, media: media, brain: brain, outcomes: outcomes, ending: continuation)
    }

    private init(
        agent: UserAgent, media: MediaEngine, brain: CalleeBrain, outcomes: AsyncStream<CalleeSession.Outcome>,
        ending: AsyncStream<CalleeSession.Outcome>.Continuation
    ) {
        self.agent = agent
        self.media = media
        self.brain = brain
        self.outcomes = outcomes
        self.ending = ending
    }

    /// What became of the call; waits for its end, or for ``shutDown()``. To be asked once.
    public func outcome() async -> CalleeSession.Outcome {
        for await outcome in outcomes { return outcome }
        return .failed("it was never called")
    }

    public func shutDown() async {
        brain.stop()
        await agent.shutDown()
        media.shutdown()
        ending.finish()
    }
}
