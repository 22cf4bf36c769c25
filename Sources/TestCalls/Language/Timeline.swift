public import Conversation
import SansIO

/// Something that happened in a test's call.
public struct TimelineEntry: Hashable, Sendable {
    public enum Event: Hashable, Sendable {
        /// The callee answered, rejected, hung up, …: one verb.
        case calleeDid(String)
        case calleeSaid(String)
        case calleePressed(String)
        /// What the callee heard of the agent, as the agent's transcript has it.
        case agentSaid(String)
        /// What the callee's recogniser understood of the agent.
        case recognised(String)
        /// What the model understood of the callee.
        case agentHeard(String)
        case agentReceived(key: String)
        /// An action of the agent was called, with JSON as arguments.
        case actionCalled(name: String, arguments: String)
        /// It came back.
        case actionEnded(name: String, result: String, duration: Duration)
        /// It was refused, or failed.
        case actionFailed(name: String, reason: String)
        case interrupted(heard: String, unheard: String)
        case transferRequested(String)
        case transfer(TransferStatus, code: Int?)
        case status(CallFacts.Status)
        case fault(CallFault.Kind, message: String)
        /// How long the callee waited for an answer.
        case latency(turn: Int, toFirstPacket: Duration)
        /// The callee's leg is over.
        case ended(byAgent: Bool, reason: String)
        case outcome(CallOutcome)
        /// A line that the test printed.
        case printed(String)
        /// A remark of whoever ran the test.
        case note(String)
        /// Here the test failed.
        case failed(String)
    }

    /// Since the test began.
    public var at: Duration
    public var event: Event

    public init(at: Duration, event: Event) {
        self.at = at
        self.event = event
    }
}

extension TimelineEntry.Event {
    /// Who did it: `callee`, `agent`, `call`, `test`.
    public var actor: String {
        switch self {
        case .calleeDid, .calleeSaid, .calleePressed, .recognised: "callee"
        case .agentSaid, .agentHeard, .agentReceived, .actionCalled, .actionEnded, .actionFailed, .interrupted,
            .transferRequested, .latency:
            "agent"
        case .transfer, .status, .fault, .ended, .outcome: "call"
        case .printed, .note, .failed: "test"
        }
    }

    /// What it is, in one word for programs.
    public var kind: String { description.kind }

    /// What happened, in one line for people.
    public var text: String { description.text }

    private var description: (kind: String, text: String) {
        switch self {
        case .calleeDid(let verb): ("callee_did", verb)
        case .calleeSaid(let text): ("callee_said", "says \(quoted(text))")
        case .calleePressed(let keys): ("callee_pressed", "presses \(keys)")
        case .agentSaid(let text): ("agent_said", "says \(quoted(text))")
        case .recognised(let text):
            ("recognised", text.isEmpty ? "did not understand what it heard" : "understood \(quoted(text))")
        case .agentHeard(let text): ("agent_heard", "heard \(quoted(text))")
        case .agentReceived(let key): ("agent_received", "received the key \(key)")
        case .actionCalled(let name, let arguments): ("action_called", "calls \(name) \(arguments)")
        case .actionEnded(let name, let result, let duration):
            ("action_ended", "\(name) returned \(result) after \(duration.inSeconds)")
        case .actionFailed(let name, let reason): ("action_failed", "\(name) failed: \(reason)")
        case .interrupted(let heard, let unheard):
            ("interrupted", "is interrupted: heard \(quoted(heard)), not heard \(quoted(unheard))")
        case .transferRequested(let target): ("transfer_requested", "asks for a transfer to \(target)")
        case .transfer(let status, let code):
            ("transfer", "transfer \(status.rawValue)" + (code.map { " (\($0))" } ?? ""))
        case .status(let status): ("status", "is \(status.rawValue)")
        case .fault(let kind, let message): ("fault", "fault of the \(kind.rawValue): \(message)")
        case .latency(let turn, let delay): ("latency", "answers turn \(turn) after \(delay.inSeconds)")
        case .ended(let byAgent, let reason):
            ("ended", "ended by the \(byAgent ? "agent" : "callee")" + (reason.isEmpty ? "" : ": \(reason)"))
        case .outcome(let outcome): ("outcome", "\(outcome.kind.rawValue) (\(outcome.reason)): \(outcome.message)")
        case .printed(let line): ("printed", "printed \(line)")
        case .note(let text): ("note", text)
        case .failed(let message): ("failed", message)
        }
    }
}

extension Duration {
    /// `1.25 s`.
    var inSeconds: String { "\(decimalSeconds(digits: 2)) s" }

    /// Seconds with so many digits behind the point, 1 to 9: `1.25`.
    func decimalSeconds(digits: Int) -> String {
        let unit = (0..<9 - digits).reduce(Int64(1)) { scale, _ in scale * 10 }
        let perSecond = 1_000_000_000 / unit
        let rounded = (abs(nanoseconds) + unit / 2) / unit
        let fraction = "\(rounded % perSecond)"
        let zeros = String(repeating: "0", count: digits - fraction.count)
        return "\(nanoseconds < 0 && rounded > 0 ? "-" : "")\(rounded / perSecond).\(zeros)\(fraction)"
    }
}
