public import Conversation

/// What a test is told of its call, in the order in which it happens.
public enum TestEvent: Sendable {
    /// Outbound: the agent's call is dispatched. Inbound: everything is ready to be called. The test's clock starts.
    case began
    /// Outbound: the INVITE reached the callee. Inbound: the agent's side rings.
    case ringing
    /// Media flows in both directions.
    case answered
    /// The callee's voice detector, on what it hears.
    case agentSpeech(started: Bool)
    /// What the callee's recogniser made of the last utterance that it heard; empty for nothing.
    case understood(String)
    /// Everything that ``CalleeAction/speak(_:)`` asked for has been sent, or was stopped.
    case spoken
    /// All keys of ``CalleeAction/press(_:)`` have been sent.
    case pressed
    /// From the agent's call.
    case observed(Observation)
    /// A REFER reached the callee: its Refer-To. Answered at once.
    case transferRequested(String)
    /// The callee's leg is over.
    case calleeEnded(byRemote: Bool, reason: String)
    /// The agent's call is over; nothing comes behind it.
    case finished(CallOutcome)
    /// ``TestRun/nextDeadline`` has come.
    case deadline
}
