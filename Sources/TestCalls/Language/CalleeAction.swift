import SansIO

/// What the callee of a test is to do.
public enum CalleeAction: Hashable, Sendable {
    /// Inbound tests: the callee calls the agent.
    case dial(from: String, to: String, headers: [String: String])
    case answer
    /// Refuses the call with a final SIP status.
    case reject(status: Int)
    /// Sends this; then ``TestEvent/spoken``.
    case speak(Utterance)
    /// Sends the rest of the utterance no more; then ``TestEvent/spoken``.
    case stopSpeaking
    /// Presses keys, `0-9 * # A-D`, as RFC 4733 has it; `w` waits for half a second. Then ``TestEvent/pressed``.
    case press(String)
    /// Takes the transfer that was asked for last, and reports that it succeeded.
    case acceptTransfer
    /// Refuses the transfer that was asked for last.
    case refuseTransfer(status: Int)
    case hangUp
    /// Once, and last: the test has nothing more to do. The callee leaves the call if it is still on; then comes
    /// ``TestEvent/finished(_:)``.
    case finish
}

/// What the callee sends: its parts, one after another without gaps.
public struct Utterance: Hashable, Sendable {
    public enum Part: Hashable, Sendable {
        /// Synthesised; the voice is one of the synthesiser's, `nil` for the test's.
        case text(String, voice: String?)
        /// A WAV file; the path begins in the folder of the test file.
        case file(String)
        case tone(hertz: Double, Duration)
        case silence(Duration)
    }

    public var parts: [Part]

    public init(parts: [Part]) {
        self.parts = parts
    }

    /// What is said, for people.
    public var text: String {
        parts.compactMap { part -> String? in
            switch part {
            case .text(let text, _): text
            case .file(let path): "[\(path)]"
            case .tone: "[beep]"
            case .silence: nil
            }
        }.joined(separator: " ")
    }
}
