public import Conversation
import SansIO

/// A transcription session of the Realtime API, without its socket.
///
/// Segments are written down one at a time: the audio of the first that is not committed goes up as it comes, those
/// behind it wait in the caller's audio. Which item of the server a segment became is known by the order of commits.
public struct TranscriptionSession: Sendable {
    /// What is to be done.
    public enum Output: Hashable, Sendable {
        /// A text message to the server.
        case send([UInt8])
        case report(PipelineEvent)
        /// The server has accepted the session's settings.
        case ready
        /// The server refuses the session, and will again.
        case refused(StageFailure)
        /// The server refuses the session for a passing reason: another one is to be opened after a while.
        case lost(StageFailure)
    }

    private struct Segment {
        let id: UInt64
        /// [ms]
        var from: Int
        /// Where its audio ends; `nil` while it goes on. [ms]
        var end: Int?
        /// How far its audio has gone up; `nil` before its first byte. [ms]
        var sentUntil: Int?
        /// Audio that went up. [byte]
        var sentBytes = 0
        var text = ""
        /// How much the caller had been heard of when it was committed. [ms]
        var committedAt = 0
        /// Nobody wants to know any more.
        var isDropped = false
    }

    private let provider: SpeechToTextProvider
    private let server: StageServer
    private var isOpen = false
    private var isReady = false
    /// Not committed, in order; the first one's audio goes up.
    private var waiting: [Segment] = []
    /// Committed, but the server has not said as which item; in order.
    private var committed: [Segment] = []
    private var items: [String: Segment] = [:]

    private static let bytesPerMillisecond = 8
    /// OpenAI refuses to commit less than 100 ms. [byte]
    private static let shortestCommit = 120 * bytesPerMillisecond
    private static let settingsEvent = "settings"
    /// After so much more of the caller's audio nobody waits for a transcript any more. [ms]
    private static let longestWait = 30_000

    public init(provider: SpeechToTextProvider) {
        self.provider = provider
        server = provider.endpoint.server(.stt)
    }

    /// Whether no segment is under way.
    public var isIdle: Bool { waiting.isEmpty && committed.isEmpty && items.isEmpty }

    // MARK: The socket

    /// The socket is open.
    public mutating func open(_ audio: CallerAudio) -> [Output] {
        isOpen = true
        return [.send(settings.bytes)] + advance(audio)
    }

    /// The socket is closed, or could not be opened: the segments under way have failed.
    public mutating func close(_ failure: StageFailure) -> [Output] {
        let open = waiting + committed + items.values.sorted { $0.id < $1.id }
        self = TranscriptionSession(provider: provider)
        return open.filter { !$0.isDropped }.map { .report(.transcriptionFailed(segment: $0.id, failure)) }
    }

    /// The failure that a close of the socket stands for.
    public func failure(closeCode: UInt16?, reason: String) -> StageFailure {
        let error = RealtimeError(closeCode: closeCode.map(Int.init) ?? 1006, reason: reason)
        guard error.severity == .fatal else {
            return server.failure(.retryable, "closed the transcription session; it is opened again")
        }
        return server.failure(
            error: ["type": .string(error.type), "code": .string(error.code), "message": .string(error.message)])
    }

    private var settings: JSON {
        var transcription: JSONObject = ["model": .string(provider.model)]
        if let language = provider.language { transcription["language"] = .string(language) }
        transcription.apply(provider.extra)
        return [
            "type": "session.update", "event_id": .string(TranscriptionSession.settingsEvent),
            "session": [
                "type": "transcription",
                "audio": [
                    "input": [
                        "format": ["type": "audio/pcmu"], "transcription": .object(transcription),
                        "turn_detection": nil,
                    ]
                ],
            ],
        ]
    }

    // MARK: Segments

    /// A segment has begun.
    public mutating func begin(_ id: UInt64, from: Int, _ audio: CallerAudio) -> [Output] {
        waiting.append(Segment(id: id, from: from))
        return advance(audio)
    }

    /// A segment is whole; one that was not begun begins now.
    public mutating func end(_ id: UInt64, range: Range<Int>, _ audio: CallerAudio) -> [Output] {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            // What has gone up cannot be called back.
            if waiting[index].sentUntil == nil { waiting[index].from = range.lowerBound }
            waiting[index].end = range.upperBound
        } else {
            waiting.append(Segment(id: id, from: range.lowerBound, end: range.upperBound))
        }
        return advance(audio)
    }

    /// Nobody wants to know what was said in a segment.
    public mutating func drop(_ id: UInt64, _ audio: CallerAudio) -> [Output] {
        if let index = waiting.firstIndex(where: { $0.id == id }) {
            let segment = waiting.remove(at: index)
            let clear: [Output] = segment.sentBytes > 0 ? [.send(TranscriptionSession.message("clear"))] : []
            return clear + advance(audio)
        }
        if let index = committed.firstIndex(where: { $0.id == id }) { committed[index].isDropped = true }
        if let item = items.first(where: { $0.value.id == id })?.key { items[item]?.isDropped = true }
        return []
    }

    /// More of the caller's audio has come.
    public mutating func hear(_ audio: CallerAudio) -> [Output] {
        let expired = expire(audio)
        return waiting.isEmpty ? expired : expired + advance(audio)
    }

    /// Gives up what the server has not answered: it would stand in the way of every segment behind it.
    private mutating func expire(_ audio: CallerAudio) -> [Output] {
        let limit = audio.end - TranscriptionSession.longestWait
        guard
            committed.first.map({ $0.committedAt <= limit }) == true
                || items.values.contains(where: { $0.committedAt <= limit })
        else { return [] }
        let old = committed.filter { $0.committedAt <= limit } + items.values.filter { $0.committedAt <= limit }
        committed.removeAll { $0.committedAt <= limit }
        items = items.filter { $0.value.committedAt > limit }
        let failure = server.failure(.retryable, "never answered a segment; this usually passes")
        return old.filter { !$0.isDropped }.sorted { $0.id < $1.id }
            .map { .report(.transcriptionFailed(segment: $0.id, failure)) }
    }

    /// Sends what can be sent of the first segment, and goes on with the next when it is whole.
    private mutating func advance(_ audio: CallerAudio) -> [Output] {
        var outputs: [Output] = []
        while isOpen, var segment = waiting.first {
            let until = min(audio.end, segment.end ?? .max)
            let from = segment.sentUntil ?? max(segment.from, 0)
            if from < until {
                let bytes = audio.audio(from..<until)
                segment.sentUntil = until
                segment.sentBytes += bytes.count
                if !bytes.isEmpty { outputs.append(.send(TranscriptionSession.append(bytes))) }
            }
            guard let end = segment.end, end <= audio.end else {
                waiting[0] = segment
                break
            }
            let missing = TranscriptionSession.shortestCommit - segment.sentBytes
            if missing > 0 {
                outputs.append(.send(TranscriptionSession.append([UInt8](repeating: 0xFF, count: missing))))
            }
            outputs.append(
                .send(TranscriptionSession.message("commit", eventID: TranscriptionSession.commitEvent(segment.id))))
            waiting.removeFirst()
            segment.committedAt = audio.end
            committed.append(segment)
        }
        return outputs
    }

    private static func append(_ bytes: [UInt8]) -> [UInt8] {
        bytes.withUnsafeBytes { RealtimeConnection.appendMessage($0) }
    }

    /// `input_audio_buffer.…`
    private static func message(_ verb: String, eventID: String? = nil) -> [UInt8] {
        var object: JSONObject = ["type": .string("input_audio_buffer.\(verb)")]
        if let eventID { object["event_id"] = .string(eventID) }
        return JSON.object(object).bytes
    }

    private static func commitEvent(_ id: UInt64) -> String { "commit_\(id)" }

    // MARK: The server's events

    /// Takes a text message of the server. What cannot be read is skipped: a transcript that never comes is missed in time.
    public mutating func receive(_ message: [UInt8]) -> [Output] {
        do throws(RealtimeEventError) {
            return receive(try RealtimeServerEvent(parsing: message))
        } catch {
            return []
        }
    }

    private mutating func receive(_ event: RealtimeServerEvent) -> [Output] {
        switch event {
        case .sessionUpdated: return becomeReady()
        case .inputCommitted(let itemID, _):
            if !committed.isEmpty { items[itemID] = committed.removeFirst() }
            return []
        case .inputTranscriptDelta(let itemID, let delta):
            return report(itemID) { segment in
                segment.text += delta
                return .transcriptDelta(segment: segment.id, segment.text)
            }
        case .inputTranscriptCompleted(let itemID, let transcript):
            return finish(itemID) { .transcribed(segment: $0.id, transcript.trimmed) }
        case .inputTranscriptFailed(let itemID, let error):
            let failure = failure(error)
            return finish(itemID) { .transcriptionFailed(segment: $0.id, failure) }
        case .error(let error): return refuse(error)
        default:
            return event.isTranscriptionSessionUpdate ? becomeReady() : []
        }
    }

    private mutating func becomeReady() -> [Output] {
        if isReady { return [] }
        isReady = true
        return [.ready]
    }

    /// Reports of the segment that an item is; a server that does not confirm commits answers in their order.
    private mutating func report(_ itemID: String, _ event: (inout Segment) -> PipelineEvent) -> [Output] {
        if items[itemID] == nil, !committed.isEmpty { items[itemID] = committed.removeFirst() }
        guard var segment = items[itemID] else { return [] }
        let report = event(&segment)
        items[itemID] = segment
        return segment.isDropped ? [] : [.report(report)]
    }

    private mutating func finish(_ itemID: String, _ event: (Segment) -> PipelineEvent) -> [Output] {
        defer { items[itemID] = nil }
        return report(itemID) { event($0) }
    }

    private mutating func refuse(_ error: RealtimeError) -> [Output] {
        let failure = failure(error)
        if let index = refusedCommit(error) {
            let segment = committed.remove(at: index)
            if segment.isDropped { return [] }
            return error.code == "input_audio_buffer_commit_empty"
                ? [.report(.transcribed(segment: segment.id, ""))]
                : [.report(.transcriptionFailed(segment: segment.id, failure))]
        }
        let isOfSettings = error.eventID == TranscriptionSession.settingsEvent
        if isOfSettings, failure.severity == .retryable { return [.lost(failure)] }
        return failure.severity == .fatal || isOfSettings ? [.refused(failure.fatal)] : []
    }

    /// Which commit an error means: the one that it names, or the oldest, where it names none but speaks of commits.
    private func refusedCommit(_ error: RealtimeError) -> Int? {
        guard let eventID = error.eventID, !eventID.isEmpty else {
            let isOfCommit = error.code.hasPrefix("input_audio_buffer") || error.message.contains("input_audio_buffer")
            return isOfCommit && !committed.isEmpty ? 0 : nil
        }
        return committed.firstIndex { TranscriptionSession.commitEvent($0.id) == eventID }
    }

    private func failure(_ error: RealtimeError) -> StageFailure {
        server.failure(
            error: ["type": .string(error.type), "code": .string(error.code), "message": .string(error.message)])
    }
}

extension StageFailure {
    /// The same, for good.
    fileprivate var fatal: StageFailure {
        StageFailure(stage: stage, severity: .fatal, message: message)
    }
}

extension RealtimeServerEvent {
    /// The beta's name for `session.updated`, which compatible servers still use.
    fileprivate var isTranscriptionSessionUpdate: Bool {
        self == .unknown(type: "transcription_session.updated")
    }
}
