public import SansIO

/// A handler that a flow may define, by the name that it has in Lua.
public enum ScriptHandler: String, CaseIterable, Hashable, Sendable {
    case onDial = "on_dial"
    case onRinging = "on_ringing"
    case onIncoming = "on_incoming"
    case onAnswered = "on_answered"
    case onSpeechStarted = "on_speech_started"
    case onSpeechStopped = "on_speech_stopped"
    case onTranscript = "on_transcript"
    case onInterrupted = "on_interrupted"
    case beforeLLM = "before_llm"
    case beforeTTS = "before_tts"
    case onFunctionCall = "on_function_call"
    case onFunctionResult = "on_function_result"
    case onDTMF = "on_dtmf"
    case onAnsweringMachine = "on_answering_machine"
    case onIdle = "on_idle"
    case onTransfer = "on_transfer"
    case onError = "on_error"
    case onHangup = "on_hangup"
    case onHandover = "on_handover"
}

/// One coroutine of a call's script: a handler or an action from its start to its end.
public struct ScriptTaskID: Hashable, Sendable, Comparable {
    public let number: UInt64

    public init(number: UInt64) {
        self.number = number
    }

    public static func < (left: ScriptTaskID, right: ScriptTaskID) -> Bool { left.number < right.number }
}

/// What a new coroutine of the script runs.
public enum ScriptEntry: Hashable, Sendable {
    /// A handler, called with the call and then `arguments`.
    case handler(ScriptHandler, arguments: [JSON])
    /// A public function of `CallActions`; `arguments` is the object that the model wrote.
    case action(name: String, arguments: JSONObject)
    /// A function that the script gave to `call:spawn` or `call:after`; it is forgotten when it has been started.
    case function(ScriptFunctionID)
}

/// A function of the script that the host keeps for later.
public struct ScriptFunctionID: Hashable, Sendable {
    public let number: UInt64

    public init(number: UInt64) {
        self.number = number
    }
}

/// What the session asks of the script host. The host answers `start`, `resume` and `handOver` with one
/// ``ScriptOutcome`` each, and the others not at all.
public enum ScriptCommand: Hashable, Sendable {
    case start(ScriptTaskID, ScriptEntry, facts: CallFacts)
    /// Continues a coroutine that yielded a ``ScriptRequest``.
    case resume(ScriptTaskID, ScriptReply, facts: CallFacts)
    /// Closes a coroutine that waits; its `<close>` variables run.
    case cancel(ScriptTaskID)
    /// Drops a function that was given to `call:after` and will not run.
    case forget(ScriptFunctionID)
    /// Goes on with another version of the flow: its `on_handover` gets `call.state`, and what it returns becomes the
    /// new script's. Returns without values when the new script has taken over; after a failure the old one goes on.
    case handOver(ScriptTaskID, version: String, facts: CallFacts)
}

/// What a yielded request comes back with, in Lua `value` or `nil, message, code`.
public enum ScriptReply: Hashable, Sendable {
    case value(JSON)
    case failure(code: ScriptErrorCode, message: String)
}

/// The closed set of codes with which a `do` function of the call fails.
public enum ScriptErrorCode: String, CaseIterable, Hashable, Sendable {
    /// The call has ended, or ended while the function waited.
    case callEnded = "call_ended"
    /// The function makes no sense in the call's present status.
    case wrongStatus = "wrong_status"
    /// The far end or the trunk refused.
    case refused
    /// No answer came in time.
    case timedOut = "timed_out"
    /// The model failed or is gone.
    case modelFailed = "model_failed"
    /// The function was interrupted by the caller; not a fault.
    case interrupted
    /// What the call, the trunk or the mode cannot do.
    case unsupported
    /// An argument has the right type, but a value that nobody can use.
    case invalidArgument = "invalid_argument"
    /// The operator does not allow it.
    case notAllowed = "not_allowed"
    /// As many as the call may have are there already.
    case limitReached = "limit_reached"
    /// It is not there.
    case notFound = "not_found"
    /// What the host needs for it failed: the network, the disk.
    case failed
}

/// What a coroutine asks for when it yields.
public enum ScriptRequest: Hashable, Sendable {
    /// `moonline.sleep(seconds)`.
    case sleep(Duration)
    /// `call:say(text, { interruptible = })`: returns when heard or interrupted.
    case say(text: String, interruptible: Bool)
    /// `call:reply { instructions = }`: asks the model to speak; returns when heard or interrupted.
    case reply(instructions: String?)
    /// `call:play(source, { interruptible = })`: a sound file; returns when heard or interrupted.
    case play(source: String, interruptible: Bool)
    /// `call:stop_speaking()`.
    case stopSpeaking
    /// `call:send_text(role, text)`: adds a message to the model's conversation.
    case sendText(role: String, text: String)
    case setInstructions(String)
    case setVoice(String)
    /// `call:set_actions(…)`: what the model may call from now on.
    case setActions([AgentDefinition.Tool])
    /// `call:gather_dtmf { max =, timeout =, terminator = }`.
    case gatherDTMF(DTMFGathering)
    /// `call:transfer(target)`: E.164, `tel:` or `sip:`.
    case transfer(target: String)
    /// `call:mute()` and `call:unmute()`: whether the model hears the far end.
    case mute(Bool)
    /// `call:hangup { reason =, after_playout = }`.
    case hangup(reason: String?, afterPlayout: Bool)
    /// `call:wait_for_playout()`.
    case waitForPlayout
    /// `call:spawn(fn)`.
    case spawn(ScriptFunctionID)
    /// `call:after(seconds, fn)`; its value is the timer's number.
    case after(Duration, ScriptFunctionID)
    /// `call:cancel_timer(number)`; its value is whether the timer still ran.
    case cancelTimer(UInt64)
    /// What somebody outside of the call's session does.
    case service(ServiceRequest)
}

/// How `call:gather_dtmf` collects keys.
public struct DTMFGathering: Hashable, Sendable {
    /// Keys, at most.
    public var maximum: Int
    /// For the first key, and between two.
    public var timeout: Duration
    /// Ends the gathering, and is not part of the result; `nil` for none.
    public var terminator: Character?

    public init(maximum: Int, timeout: Duration, terminator: Character?) {
        self.maximum = maximum
        self.timeout = timeout
        self.terminator = terminator
    }
}

/// What a script asks of the host that has nothing to do with the conversation. The reply comes as
/// ``CallSession/Event/service(_:_:)``.
public enum ServiceRequest: Hashable, Sendable {
    case http(HTTPCall)
    case store(StoreCall)
    /// `call:record { path = }`; `nil` lets the host name the file.
    case record(path: String?)
    case stopRecording
    /// A sound file, as G.711 in the call's law.
    case loadAudio(source: String)

    /// A request of `http`; the value of its reply is `{ status, headers, body }`.
    public struct HTTPCall: Hashable, Sendable {
        /// Upper case.
        public var method: String
        public var url: String
        /// Names as the script gave them.
        public var headers: [String: String]
        public var body: [UInt8]
        public var timeout: Duration

        public init(method: String, url: String, headers: [String: String], body: [UInt8], timeout: Duration) {
            self.method = method
            self.url = url
            self.headers = headers
            self.body = body
            self.timeout = timeout
        }
    }

    /// A call of `store`; keys belong to the agent's name.
    public enum StoreCall: Hashable, Sendable {
        /// The value, or `null`.
        case get(key: String)
        /// `lifetime` after which the entry is gone; `nil` for ever.
        case set(key: String, value: JSON, lifetime: Duration?)
        /// Whether there was one.
        case delete(key: String)
        /// Adds to a number, which is 0 where there is none; the value is the sum.
        case increment(key: String, by: Double)
        /// Keys with a prefix, in order, as an array.
        case keys(prefix: String)
    }
}

/// What became of a `start` or a `resume`.
public enum ScriptOutcome: Hashable, Sendable {
    case yielded(ScriptRequest)
    /// The coroutine ended; `values` are its results, with `nil` as ``JSON/null``.
    case returned([JSON])
    case failed(ScriptFault)
}

/// An error of a script, with all that its author needs to find it.
public struct ScriptFault: Error, Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        /// `error`, a misuse of a function, or a fault that Lua found.
        case error
        /// The handler used more processor time or instructions than allowed.
        case budget
        /// The call's memory cap was reached.
        case memory
    }

    public var kind: Kind
    /// With file and line where Lua knows them: `flows/outbound_caller.lua:31: attempt to …`.
    public var message: String
    /// Lua's own, innermost call first; may be empty.
    public var traceback: String

    public init(kind: Kind, message: String, traceback: String = "") {
        self.kind = kind
        self.message = message
        self.traceback = traceback
    }
}
