package import Conversation
import Glibc
import Logging
import SansIO

/// The folder of one call: recording, transcript, event log.
///
/// They hold what was said, so only their owner can read them. A disk that is full or slow, or a folder that cannot be
/// written, costs the files, never the call.
package struct CallFiles {
    private let folder: String
    private let logger: Logger
    /// A `CallLog`.
    private var events: LineFile?
    private var transcript: LineFile?

    init(folder: String, logger: Logger) {
        self.folder = folder
        self.logger = logger
    }

    var recordingPath: String { folder + "/recording.wav" }
    /// The path of another file in the call's folder.
    func path(of name: String) -> String { folder + "/" + name }

    /// Why a script cannot record to a file of this name; `nil` when it can.
    ///
    /// - Parameter others: Names of the call's recordings so far.
    package static func refusal(ofRecording name: String, besides others: [String]) -> ScriptReply? {
        guard isRecordingName(name) else {
            let message = "“\(name)” is no name such as consent.wav; recordings are in the call's folder"
            return .failure(code: .invalidArgument, message: message)
        }
        guard !others.contains(name) else {
            return .failure(code: .invalidArgument, message: "\(name) is a recording of this call already")
        }
        return nil
    }

    /// Whether a script may give a recording this name: a plain one that ends in `.wav`.
    static func isRecordingName(_ name: String) -> Bool {
        name.hasSuffix(".wav") && !name.hasPrefix(".") && name.utf8.count <= 100
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    var eventLogPath: String? { events == nil ? nil : folder + "/events.jsonl" }
    private(set) var transcriptPath: String?

    /// Makes the folder and opens the files.
    mutating func create() {
        var path = folder.hasPrefix("/") ? "/" : ""
        for part in folder.split(separator: "/") {
            path += path.isEmpty || path == "/" ? String(part) : "/" + part
            if mkdir(path, 0o700) != 0, errno != EEXIST {
                logger.error("the call's files cannot be written: \(path): \(String(cString: strerror(errno)))")
                return
            }
        }
        events = open("event log", folder + "/events.jsonl")
        let path2 = folder + "/transcript.txt"
        // Somebody may read along.
        transcript = open("transcript", path2, flushesLines: true)
        if transcript != nil { transcriptPath = path2 }
    }

    private func open(_ name: String, _ path: String, flushesLines: Bool = false) -> LineFile? {
        do {
            return try LineFile(path: path, flushesLines: flushesLines)
        } catch {
            logger.error("the \(name) cannot be written: \(path): \(error)")
            return nil
        }
    }

    /// Adds a line to the event log.
    ///
    /// - Parameters:
    ///   - elapsed: Time since the call began.
    ///   - body: What happened.
    func log(_ kind: CallLog.Kind, elapsed: Duration, body: JSON) {
        events?.append(CallLog.line(kind, elapsed: elapsed, body: body))
    }

    /// Adds a line to the transcript: when it was said, by whom, and what.
    func write(_ entry: TranscriptEntry, began: Instant) {
        let tenths = max(0, (entry.startedAt - began).milliseconds / 100)
        let name = entry.role == .agent ? "agent" : "caller"
        transcript?.append("\(tenths / 10).\(tenths % 10) s\t\(name)\t\(entry.text)".utf8)
    }

    mutating func close() async {
        if let events, await events.close() == false {
            logger.error("the event log is incomplete: the disk may be full")
        }
        if let transcript, await transcript.close() == false {
            logger.error("the transcript is incomplete: the disk may be full")
        }
        transcript = nil
    }
}
