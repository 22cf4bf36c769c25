import SansIO

/// What a test's function waits for: one call of a function of `callee` or `agent`.
struct Statement {
    enum Kind {
        // What the callee does.
        case dial(from: String?, to: String?, headers: [String: String])
        case answer(after: Duration)
        case reject(status: Int, after: Duration)
        case answerAsVoicemail(greeting: Utterance, after: Duration)
        case speak(Utterance, after: Duration)
        case interrupt(Utterance, after: Duration)
        case press(String, after: Duration)
        case pass(Duration)
        case hangUp(after: Duration)

        // What the agent is expected to do.
        case says(Matcher)
        case hears(Matcher)
        case receives(keys: String)
        case calls(ActionExpectation)
        case transfers(to: Matcher?)
        case isInterrupted(heard: Matcher?, unheard: Matcher?)
        case staysSilent(Duration)
        case agentHangsUp
        case ends(Matcher)
    }

    let kind: Kind
    /// Where the test says it.
    let place: SourcePlace?
    /// How long the expectation may take to be met; `nil` for the usual time of its kind.
    let within: Duration?
    /// What meets it must happen after what met the expectation before it; `nil` as the test's options say.
    let isInOrder: Bool?
}

/// `agent:calls(name, arguments, { returns = … })`.
struct ActionExpectation {
    let name: String
    let arguments: Matcher?
    let returns: Matcher?
}

/// What must hold of the whole call.
struct DeferredCheck {
    enum Kind {
        case neverSays(Matcher?)
        case neverHears(Matcher?)
        case neverCalls(name: String?, arguments: Matcher?)
        case neverTransfers(to: Matcher?)
        case neverInterrupted
        case latency(LatencyLimits)
    }

    let kind: Kind
    let place: SourcePlace?
}

/// `t.latency{…}`.
struct LatencyLimits: Hashable, Sendable {
    /// From the end of the callee's words to the first packet of the answer: the middle one of all turns.
    var responseP50: Duration?
    /// The one that 95 in 100 turns do not exceed.
    var responseP95: Duration?
    var responseMaximum: Duration?
    /// From the answer of the call to the agent's first sound.
    var firstWord: Duration?
}
