import SansIO

/// A name for one spoken part of the model's output, under which the media engine keeps its playout ledger.
public typealias PlayoutTag = UInt32

/// What became of the agent's speech: which parts wait, which is being heard, and what was heard of those that ended.
///
/// The media engine counts the samples; this is the reading of its reports against the model's items and their text.
struct HeardLedger: Sendable {
    enum Playout: Hashable, Sendable {
        case queued
        /// - since: When it would have begun if it had never been held.
        case playing(since: Instant)
        case ended(at: Instant, heardBytes: Int)
    }

    struct Part: Sendable {
        let tag: PlayoutTag
        let path: RealtimePartPath
        let request: ResponseRequest?
        var transcript = HeardTranscript()
        var playout = Playout.queued
        var startedAt: Instant?
        /// It was held since then; what was flushed then keeps it.
        var heldAt: Instant?
        /// A flush is under way; nothing more of it will be played.
        var isCondemned = false
        /// The model had not sent all of it then.
        var wasUnfinished = false
        /// What the model left unsaid when the caller spoke, as far as it is known; `nil` when it left nothing.
        var unsaid: String?
        /// The media engine was told that no more audio comes.
        var isFinished = false
        /// Not the model's: a sound file, or a line that the host has ready.
        var isLocal = false
        /// Only of local parts; those of the model have it from their request.
        var isProtected = false

        var isLive: Bool {
            if case .ended = playout { false } else { true }
        }

        var hasAudio: Bool { transcript.audioBytes > 0 }

        var heardBytes: Int {
            if case .ended(_, let bytes) = playout { bytes } else { 0 }
        }
    }

    private(set) var parts: [Part] = []
    /// What is queued is held.
    private(set) var isPaused = false
    /// Parts that were written and never spoken.
    private var unspoken: [Part] = []
    private var nextTag: PlayoutTag = 1
    /// Tags that each flush under way has condemned, oldest flush first.
    private var flushes: [Set<PlayoutTag>] = []

    /// Whether all speech that was queued has been played or dropped.
    var isIdle: Bool { !parts.contains { $0.isLive && $0.hasAudio } }
    var isFlushing: Bool { !flushes.isEmpty }
    /// Whether there is speech that a flush would still silence.
    var isAudible: Bool { parts.contains { $0.isLive && $0.hasAudio && !$0.isCondemned } }
    /// Whether the caller may interrupt everything that is queued or playing.
    var isInterruptible: Bool {
        parts.allSatisfy { part in
            !part.isLive || part.isCondemned || part.request?.isInterruptible != false && !part.isProtected
        }
    }

    /// How long what is queued takes to be heard, at most.
    func unheard(at now: Instant) -> Duration {
        var milliseconds: Int64 = 0
        for part in parts where part.isLive && !part.isCondemned {
            var rest = Int64(part.transcript.audioBytes / G711Law.bytesPerMillisecond)
            if case .playing(let since) = part.playout {
                rest = max(0, rest - max(0, ((part.heldAt ?? now) - since).milliseconds))
            }
            milliseconds += rest
        }
        return .milliseconds(milliseconds)
    }

    func hasLiveParts(request number: UInt64) -> Bool {
        parts.contains { $0.isLive && $0.hasAudio && $0.request?.number == number }
    }

    private func index(of path: RealtimePartPath) -> Int? {
        parts.lastIndex { $0.path.itemID == path.itemID && $0.path.contentIndex == path.contentIndex }
    }

    // MARK: From the model

    /// Files audio of a part.
    ///
    /// - Returns: The tag under which to play it; `nil` when the part was flushed.
    mutating func append(audio byteCount: Int, to path: RealtimePartPath, request: ResponseRequest?) -> PlayoutTag? {
        let index = part(path, request: request)
        guard !parts[index].isCondemned, parts[index].isLive, !parts[index].isFinished else { return nil }
        parts[index].transcript.append(audio: byteCount)
        return parts[index].tag
    }

    mutating func append(text: String, to path: RealtimePartPath, request: ResponseRequest?) {
        let index = part(path, request: request)
        parts[index].transcript.append(text: text)
    }

    /// - Returns: The tag that the media engine is to finish; `nil` when there is no audio, or it was told before.
    mutating func completeAudio(of path: RealtimePartPath) -> PlayoutTag? {
        guard let index = index(of: path), !parts[index].isFinished else { return nil }
        parts[index].isFinished = true
        parts[index].transcript.completeAudio()
        return parts[index].isLive && parts[index].hasAudio && !parts[index].isCondemned
            ? parts[index].tag : nil
    }

    /// The model has fallen silent for the caller in the middle of a part.
    mutating func leave(_ path: RealtimePartPath, unsaid: String) {
        if let index = index(of: path) { parts[index].unsaid = unsaid }
    }

    mutating func completeText(of path: RealtimePartPath, _ whole: String?) {
        guard let index = index(of: path) else { return }
        parts[index].transcript.completeText(whole)
    }

    /// Ends all parts of a response, whatever the server left out.
    ///
    /// - Parameter isWhole: Whether the response came to its end. If not, what arrived of a part that was not ended is
    ///   all of it.
    /// - Returns: The tags that the media engine is to finish, and the parts that are cut by it.
    mutating func complete(responseID: String, isWhole: Bool) -> (tags: [PlayoutTag], cut: [Part]) {
        var tags: [PlayoutTag] = []
        var cut: [Part] = []
        for index in parts.indices where parts[index].path.responseID == responseID {
            if isWhole || parts[index].transcript.isAudioComplete {
                if let tag = completeAudio(of: parts[index].path) { tags.append(tag) }
            } else if parts[index].isCondemned {
                // How much of it was heard tells the flush.
                parts[index].isFinished = true
            } else if parts[index].hasAudio {
                if let tag = abandon(index) { tags.append(tag) }
                cut.append(parts[index])
            }
            parts[index].transcript.completeText(nil)
        }
        // A part that never had audio is not waited for.
        unspoken += parts.filter { $0.path.responseID == responseID && !$0.hasAudio && !$0.isCondemned }
        parts.removeAll { $0.path.responseID == responseID && !$0.hasAudio && !$0.isCondemned }
        return (tags, cut)
    }

    /// What arrived of a part is all of it.
    ///
    /// - Returns: The tag that the media engine is to finish; `nil` when there is no audio, or it was told before.
    private mutating func abandon(_ index: Int) -> PlayoutTag? {
        parts[index].transcript.abandon()
        return completeAudio(of: parts[index].path)
    }

    /// Ends all parts: nothing more comes from the model. Of those that it has not ended, what arrived is all.
    ///
    /// - Returns: The tags that the media engine is to finish, and the parts that are cut by it.
    mutating func abandon() -> (tags: [PlayoutTag], cut: [Part]) {
        var tags: [PlayoutTag] = []
        var cut: [Part] = []
        for index in parts.indices where !parts[index].isLocal && !parts[index].isCondemned {
            let wasCut = !parts[index].transcript.isAudioComplete
            if let tag = abandon(index) { tags.append(tag) }
            if wasCut { cut.append(parts[index]) }
        }
        parts.removeAll { !$0.hasAudio && !$0.isCondemned }
        return (tags, cut)
    }

    /// Files audio that is whole already, and not the model's.
    ///
    /// - Returns: The tag under which to play it.
    mutating func appendLocal(audio byteCount: Int, text: String, isInterruptible: Bool) -> PlayoutTag {
        let name = "local_\(nextTag)"
        let index = part(RealtimePartPath(responseID: name, itemID: name), request: nil)
        parts[index].transcript.append(text: text)
        parts[index].transcript.append(audio: byteCount)
        parts[index].transcript.completeText(nil)
        parts[index].transcript.completeAudio()
        parts[index].isFinished = true
        parts[index].isLocal = true
        parts[index].isProtected = !isInterruptible
        return parts[index].tag
    }

    private mutating func part(_ path: RealtimePartPath, request: ResponseRequest?) -> Int {
        if let index = index(of: path) { return index }
        parts.append(Part(tag: nextTag, path: path, request: request))
        nextTag &+= 1
        return parts.count - 1
    }

    // MARK: From the media engine

    /// - Returns: The part whose first packet was sent; `nil` when it is unknown or was known to play.
    mutating func started(_ tag: PlayoutTag, at instant: Instant) -> Part? {
        guard let index = parts.firstIndex(where: { $0.tag == tag }), case .queued = parts[index].playout else {
            return nil
        }
        parts[index].playout = .playing(since: instant)
        parts[index].startedAt = instant
        // Its first packet had left when the pause began.
        if isPaused { parts[index].heldAt = instant }
        return parts[index]
    }

    mutating func ended(_ tag: PlayoutTag, bytes: Int, at now: Instant) {
        guard let index = parts.firstIndex(where: { $0.tag == tag }), parts[index].isLive else { return }
        end(index, heardBytes: bytes, at: now)
    }

    private mutating func end(_ index: Int, heardBytes: Int, at now: Instant) {
        let heard = min(max(0, heardBytes), parts[index].transcript.audioBytes)
        parts[index].playout = .ended(at: now, heardBytes: heard)
        if parts[index].startedAt == nil, heard > 0 { parts[index].startedAt = now }
    }

    /// Condemns all speech that is queued or playing.
    ///
    /// - Returns: Responses that it belongs to.
    mutating func condemn() -> Set<String> {
        var tags: Set<PlayoutTag> = []
        var responseIDs: Set<String> = []
        for index in parts.indices where parts[index].isLive && !parts[index].isCondemned {
            parts[index].isCondemned = true
            parts[index].wasUnfinished = parts[index].hasAudio && !parts[index].transcript.isAudioComplete
            tags.insert(parts[index].tag)
            responseIDs.insert(parts[index].path.responseID)
        }
        flushes.append(tags)
        isPaused = false
        return responseIDs
    }

    /// Notes that what is queued is held, until ``resume(at:)`` or ``condemn()``.
    ///
    /// - Returns: Whether it was not held before.
    mutating func pause(at now: Instant) -> Bool {
        guard !isPaused else { return false }
        isPaused = true
        for index in parts.indices where parts[index].isLive && !parts[index].isCondemned {
            if case .playing = parts[index].playout { parts[index].heldAt = now }
        }
        return true
    }

    /// Notes that what was held goes on.
    ///
    /// - Returns: Whether it was held.
    mutating func resume(at now: Instant) -> Bool {
        guard isPaused else { return false }
        isPaused = false
        for index in parts.indices where !parts[index].isCondemned {
            guard case .playing(let since) = parts[index].playout, let heldAt = parts[index].heldAt else { continue }
            parts[index].playout = .playing(since: since + (now - heldAt))
            parts[index].heldAt = nil
        }
        return true
    }

    /// Ends what the oldest flush under way has condemned.
    ///
    /// - Parameters:
    ///   - tag: The part that was cut, if one was playing.
    ///   - played: Bytes of it that were sent before.
    /// - Returns: The condemned parts in order, as they ended.
    mutating func flushed(tag: PlayoutTag?, played: Int, at now: Instant) -> [Part] {
        guard !flushes.isEmpty else { return [] }
        let condemned = flushes.removeFirst()
        var ended: [Part] = []
        for index in parts.indices where condemned.contains(parts[index].tag) {
            if parts[index].isLive { end(index, heardBytes: parts[index].tag == tag ? played : 0, at: now) }
            ended.append(parts[index])
        }
        return ended
    }

    /// Stands in for a flush report that did not come: what was playing is taken to have played until now.
    mutating func assumeFlushed(at now: Instant) -> [Part] {
        let playing = parts.first { part in
            if case .playing = part.playout { flushes.first?.contains(part.tag) == true } else { false }
        }
        guard case .playing(let since)? = playing?.playout else { return flushed(tag: nil, played: 0, at: now) }
        let elapsed = max(0, ((playing?.heldAt ?? now) - since).milliseconds)
        let bytes = Int(min(elapsed, 3_600_000)) * G711Law.bytesPerMillisecond
        return flushed(tag: playing?.tag, played: bytes, at: now)
    }

    /// Removes parts of which nothing more will be heard or said, in order; those that were never spoken first.
    mutating func takeSettled() -> [Part] {
        defer { unspoken = [] }
        let condemned = flushes.reduce(into: Set<PlayoutTag>()) { $0.formUnion($1) }
        let settled = parts.filter { part in
            !part.isLive && !condemned.contains(part.tag) && (part.isCondemned || part.transcript.isTextComplete)
        }
        let tags = Set(settled.map(\.tag))
        parts.removeAll { tags.contains($0.tag) }
        return unspoken + settled
    }

    /// Removes all that has ended, its text complete or not.
    mutating func takeRemaining() -> [Part] {
        defer { parts = [] }
        return parts.filter { !$0.isLive }
    }
}
