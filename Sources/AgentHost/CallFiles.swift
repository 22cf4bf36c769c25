import Conversation
import Glibc
import Logging
import SansIO

/// The folder of one call: recording, transcript, event log.
///
/// They hold what was said, so only their owner can read them. A disk that is full or a folder that cannot be written
/// costs the files, never the call.
struct CallFiles {
    private let folder: String
    private let logger: Logger
    private var events: EventLog?
    private var transcript: UnsafeMutablePointer<FILE>?

    init(folder: String, logger: Logger) {
        self.folder = folder
        self.logger = logger
    }

    var recordingPath: String { folder + "/recording.wav" }
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
        do {
            events = try EventLog(path: folder + "/events.jsonl")
        } catch {
            logger.error("\(error)")
        }
        let path2 = folder + "/transcript.txt"
        let descriptor = open(path2, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        if descriptor >= 0 { transcript = fdopen(descriptor, "w") }
        if transcript == nil {
            logger.error("the transcript cannot be written: \(path2): \(String(cString: strerror(errno)))")
        } else {
            transcriptPath = path2
        }
    }

    func log(_ kind: String, elapsed: Duration, body: JSON) {
        events?.append(kind, elapsed: elapsed, body: body)
    }

    /// Adds a line to the transcript: when it was said, by whom, and what.
    func write(_ entry: TranscriptEntry, began: Instant) {
        guard let transcript else { return }
        let tenths = max(0, (entry.startedAt - began).milliseconds / 100)
        let name = entry.role == .agent ? "agent" : "caller"
        let line = "\(tenths / 10).\(tenths % 10) s\t\(name)\t\(entry.text)\n"
        fputs(line, transcript)
        fflush(transcript)
    }

    mutating func close() async {
        if let events, await events.close() == false {
            logger.error("the event log is incomplete: the disk may be full")
        }
        if let transcript { fclose(transcript) }
        transcript = nil
    }
}
