public import SansIO

/// A handler that a flow may define, by the name that it has in Lua.
public enum ScriptHandler: String, CaseIterable, Hashable, Sendable {
    case onDial = "on_dial"
    case onRinging = "on_ringing"
    case onAnswered = "on_answered"
    case onTranscript = "on_transcript"
    case onInterrupted = "on_interrupted"
    case onFunctionCall = "on_function_call"
    case onTransfer = "on_transfer"
    case onHangup = "on_hangup"
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
}

/// What the session asks of the script host. The host answers each with one ``ScriptOutcome``, but for `cancel`.
public enum ScriptCommand: Hashable, Sendable {
    case start(ScriptTaskID, ScriptEntry, facts: CallFacts)
    /// Continues a coroutine that yielded a ``ScriptRequest``.
    case resume(ScriptTaskID, ScriptReply, facts: CallFacts)
    /// Closes a coroutine that waits; its `<close>` variables run. No outcome follows.
    case cancel(ScriptTaskID)
}

/// What a yielded request comes back with, in Lua `value` or `nil, message, code`.
public enum ScriptReply: Hashable, Sendable {
    case value(JSON)
    case failure(code: ScriptErrorCode, message: String)
}

/// The closed set of codes with which a `do` function of the call fails.
public enum ScriptErrorCode: String, Hashable, Sendable {
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
}

/// What a coroutine asks for when it yields.
public enum ScriptRequest: Hashable, Sendable {
    /// `moonline.sleep(seconds)`.
    case sleep(Duration)
    /// `call:say(text, { interruptible = })`: returns when heard or interrupted.
    case say(text: String, interruptible: Bool)
    /// `call:reply { instructions = }`: asks the model to speak; returns when heard or interrupted.
    case reply(instructions: String?)
    /// `call:transfer(target)`: E.164, `tel:` or `sip:`.
    case transfer(target: String)
    /// `call:hangup { reason =, after_playout = }`.
    case hangup(reason: String?, afterPlayout: Bool)
    /// `call:wait_for_playout()`.
    case waitForPlayout
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
