import LuaRuntime
import SansIO
import ScriptAPI

/// What the callee can be told to do: `callee:name(…)`.
enum CalleeFunctions {
    static let all: [TestFunctionSpec] = taking + speaking + ending

    /// How long it rings, unless the test says otherwise.
    static let ringing = Duration.seconds(1)
    /// How long a person waits before they speak.
    static let pause = Duration.milliseconds(300)
    /// How long the agent may speak before it is interrupted, unless the test says otherwise.
    static let patience = Duration.seconds(1)

    private static let taking: [TestFunctionSpec] = [
        TestFunctionSpec(
            .callee, "answers",
            "Answers the call, and waits until both can hear each other. A callee that is not told how it takes the call "
                + "answers after a second.",
            Argument("options", AfterOptions?.self, "When; after a second.")
        ) { _, options throws(ScriptMismatch) in
            .wait(.answer(after: options?.after ?? ringing))
        },
        TestFunctionSpec(
            .callee, "rejects", "Refuses the call.",
            Argument("options", RejectOptions?.self, "With which status, and when.")
        ) { _, options throws(ScriptMismatch) in
            .wait(.reject(status: options?.status ?? 603, after: options?.after ?? ringing))
        },
        TestFunctionSpec(
            .callee, "is_busy", "Refuses the call at once: 486, busy."
        ) { _ throws(ScriptMismatch) in .wait(.reject(status: 486, after: .zero)) },
        TestFunctionSpec(
            .callee, "never_answers", "Lets it ring. What follows is usually `agent:ends(\"no_answer\")`."
        ) { test throws(ScriptMismatch) in
            test.instructions.append(.neverAnswer)
            return .none
        },
        TestFunctionSpec(
            .callee, "is_voicemail",
            "A voicemail takes the call: it says its greeting, beeps, and listens. It does not wait for anybody's silence.",
            Argument("options", VoicemailOptions?.self, "Greeting, beep, and when.")
        ) { _, options throws(ScriptMismatch) in
            let options = options ?? VoicemailOptions()
            return .wait(.answerAsVoicemail(greeting: options.utterance, after: options.after ?? ringing))
        },
        TestFunctionSpec(
            .callee, "calls",
            "Calls the agent, in a test with `direction = \"inbound\"`; the test goes on while it rings. A callee of such "
                + "a test that is not told to call does so at once.",
            Argument("options", DialOptions?.self, "Numbers and headers.")
        ) { _, options throws(ScriptMismatch) in
            .wait(.dial(from: options?.from, to: options?.to, headers: options?.headers ?? [:]))
        },
    ]

    private static let speaking: [TestFunctionSpec] = [
        TestFunctionSpec(
            .callee, "says",
            "Waits until the agent is silent, makes a short pause as people do, speaks, and waits until everything is "
                + "said.",
            Argument("what", SpokenSource.self, "The text, or a sound file."),
            Argument("options", SpeakOptions?.self, "When, and with which voice.")
        ) { _, what, options throws(ScriptMismatch) in
            .wait(.speak(what.utterance(voice: options?.voice), after: options?.after ?? .zero))
        },
        TestFunctionSpec(
            .callee, "interrupts",
            "Waits until the agent speaks, lets it speak for a while, and talks over it.",
            Argument("what", SpokenSource.self, "The text, or a sound file."),
            Argument("options", SpeakOptions?.self, "`after`: how long the agent may speak; 1.")
        ) { _, what, options throws(ScriptMismatch) in
            .wait(.interrupt(what.utterance(voice: options?.voice), after: options?.after ?? patience))
        },
        TestFunctionSpec(
            .callee, "presses",
            "Presses keys, and waits until they are sent. It does not wait for the agent's silence.",
            Argument("keys", TestKeys.self, "`0` to `9`, `*`, `#`, `A` to `D`; `w` waits for half a second."),
            Argument("options", AfterOptions?.self, "When; after 0.3 seconds.")
        ) { _, keys, options throws(ScriptMismatch) in
            .wait(.press(keys.text, after: options?.after ?? pause))
        },
        TestFunctionSpec(
            .callee, "hesitates", "Says nothing for a while, as people do who think.",
            Argument("seconds", TestSeconds.self, "How long; the end of the call ends it too.")
        ) { _, seconds throws(ScriptMismatch) in .wait(.pass(seconds.duration)) },
        TestFunctionSpec(
            .callee, "stays_silent", "Says nothing for a while, whatever the agent does.",
            Argument("seconds", TestSeconds.self, "How long; the end of the call ends it too.")
        ) { _, seconds throws(ScriptMismatch) in .wait(.pass(seconds.duration)) },
    ]

    private static let ending: [TestFunctionSpec] = [
        TestFunctionSpec(
            .callee, "hangs_up", "Ends the call.", Argument("options", AfterOptions?.self, "When.")
        ) { _, options throws(ScriptMismatch) in .wait(.hangUp(after: options?.after ?? .zero)) },
        TestFunctionSpec(
            .callee, "accepts_transfer",
            "Takes the transfers that the agent asks for from now on, as it does when it is not told."
        ) { test throws(ScriptMismatch) in
            test.instructions.append(.takeTransfers(refusing: nil))
            return .none
        },
        TestFunctionSpec(
            .callee, "refuses_transfer", "Refuses the transfers that the agent asks for from now on.",
            Argument("status", Int64?.self, "The SIP status, 400 to 699; 603, declined.")
        ) { test, status throws(ScriptMismatch) in
            let status = status ?? 603
            guard (400...699).contains(status) else {
                throw ScriptMismatch(
                    reason: "bad argument #1 to 'refuses_transfer' (400 to 699 expected, got \(status))")
            }
            test.instructions.append(.takeTransfers(refusing: Int(status)))
            return .none
        },
    ]
}

/// What the test tells the callee without waiting for it.
enum CalleeInstruction {
    case neverAnswer
    /// - refusing: The status; `nil` accepts.
    case takeTransfers(refusing: Int?)
}

/// Keys of a telephone, and `w` for a wait.
struct TestKeys: ScriptArgument {
    let text: String

    static var luaType: String { "string" }

    static func read(_ value: LuaValue, in state: LuaState) throws(ScriptMismatch) -> TestKeys {
        let text = try String.read(value, in: state).uppercased().replacing("W", with: "w")
        guard !text.isEmpty, text.allSatisfy({ "0123456789*#ABCDw".contains($0) }) else {
            throw ScriptMismatch(reason: "keys such as \"12#\" expected, got \(quoted(text))")
        }
        return TestKeys(text: text)
    }
}
