public import Conversation

/// What an error code means to the author of a script.
public struct ErrorCodeSpec: Hashable, Sendable {
    public let code: ScriptErrorCode
    public let prose: String

    public var name: String { code.rawValue }

    public static let all: [ErrorCodeSpec] = ScriptErrorCode.allCases.map {
        ErrorCodeSpec(code: $0, prose: prose(of: $0))
    }

    private static func prose(of code: ScriptErrorCode) -> String {
        switch code {
        case .callEnded: "The call has ended, or ended while the function waited."
        case .wrongStatus: "The function makes no sense in the call's present status."
        case .refused: "The far end or the trunk refused."
        case .timedOut: "No answer came in time."
        case .modelFailed: "The model failed, or is gone."
        case .interrupted: "The far end spoke, and the agent fell silent; not a fault."
        case .unsupported: "The call, the trunk or the mode cannot do it."
        case .invalidArgument: "An argument has the right type, and a value that nobody can use."
        case .notAllowed: "The operator does not allow it."
        case .limitReached: "As many as a call may have are there already."
        case .notFound: "It is not there."
        case .failed: "What the host needs for it failed: the network, the disk."
        }
    }
}
