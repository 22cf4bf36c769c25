public import Conversation
public import MediaEngine
public import OfflineModel
import SansIO
public import ScriptAPI

/// One test call to be played in virtual time.
public struct VirtualCallPlan: Sendable {
    public var test: TestCase
    public var flow: Flow
    /// Who answers where the test scripts no model; `nil`: nobody does.
    public var persona: PersonaDefinition?
    public var seed: UInt64
    /// Where recording and event log are written; `nil` writes nothing.
    public var folder: String?
    /// Whether the event log is kept, in memory or in the folder.
    public var keepsLog: Bool
    /// Whether what each end said and heard is kept, byte by byte.
    public var keepsAudio = false

    public init(
        test: TestCase, flow: Flow, persona: PersonaDefinition? = nil, seed: UInt64, folder: String? = nil,
        keepsLog: Bool = false
    ) {
        self.persona = persona
        self.test = test
        self.flow = flow
        self.seed = seed
        self.folder = folder
        self.keepsLog = keepsLog || folder != nil
    }

    /// What paths of recordings are relative to.
    var testFolder: String { test.file.lastIndex(of: "/").map { String(test.file[..<$0]) } ?? "." }

    /// What the script sees of the dispatch: the test's metadata, and whom it calls.
    var metadata: JSON {
        guard test.options.direction == .outbound else { return [:] }
        var object = test.options.metadata.object ?? JSONObject()
        if object["phone_number"] == nil { object["phone_number"] = .string(test.options.to) }
        return .object(object)
    }
}

/// What became of a call in virtual time.
public struct VirtualCallResult: Sendable {
    public var test: TestResult
    /// `nil` when the call did not end.
    public var outcome: CallOutcome?
    /// The event log, where it was kept.
    public var log: VirtualLog?
    public var agentMedia: MediaStatistics
    public var calleeMedia: MediaStatistics
    /// Where audio was kept.
    public var agentAudio: VirtualAudio?
    public var calleeAudio: VirtualAudio?
    /// Dialogs, transactions, ports, timers and tasks that are left after the end; there should be none.
    public var leftovers: [String]
}

/// What one end of a call said and heard, in the line's law.
public struct VirtualAudio: Sendable {
    /// What was to be said, by tag, whether it was sent or not.
    public internal(set) var said: [UInt32: [UInt8]] = [:]
    /// What was sent of it, and when.
    public internal(set) var ledger = PlayoutLedger()
    /// What came from the other end, gaps concealed and silence filled in.
    public internal(set) var heard: [UInt8] = []
}

/// The event log of a call in virtual time.
public struct VirtualLog: Sendable {
    /// Lines as ``CallLog`` reads them.
    public private(set) var bytes: [UInt8]

    init(_ beginning: CallLogBeginning, flow: Flow) {
        bytes = []
        note(.begin, at: .zero, beginning.logged)
        note(.flow, at: .zero, flow.logged.logged)
    }

    mutating func note(_ kind: CallLog.Kind, at now: Instant, _ body: JSON) {
        bytes += CallLog.line(kind, elapsed: now - .zero, body: body)
        bytes.append(UInt8(ascii: "\n"))
    }
}
