import SansIO

/// Stands between a session and its socket, and does to what the session sends what its faults say.
///
/// A value without clock: ``pass(_:at:)`` takes what the session sends now, and gives what goes out now; what waits
/// comes out of ``advance(at:)`` at ``nextDeadline``.
struct MisbehavingSession: Sendable {
    private static let changedShare = 0.2
    /// Output that has gone out when the middle has come. [events]
    private static let middle = 3
    /// Longest piece of audio in odd chunks. [B]
    private static let longestChunk = 1999
    private static let deltas = [
        "response.output_audio.delta", "session.output_audio.delta", "response.output_text.delta",
        "response.output_audio_transcript.delta", "conversation.item.input_audio_transcription.delta",
    ]

    private let faults: [Misbehaviour.Fault]
    private let start: Instant
    private var random: SeededRandom
    private var latency: Misbehaviour.Latency?
    private var queue: [(due: Instant, output: VirtualModel.Output)] = []
    /// When the newest of the queue is due: nothing overtakes.
    private var lastDue: Instant
    /// An event that changes places with the next.
    private var held: VirtualModel.Output?
    /// Deltas that have gone out.
    private var deltaCount = 0
    private var hasTruncated = false
    private var isRefused = false
    private var isStalled = false
    private var hasEnded = false

    init(_ faults: [Misbehaviour.Fault], seed: UInt64, from start: Instant) {
        self.faults = faults
        self.start = start
        random = SeededRandom(seed: seed)
        lastDue = start
        for case .latency(let latency) in faults { self.latency = latency }
        isStalled = faults.contains(.stall(.start))
    }

    /// Whether it changes nothing.
    var isHarmless: Bool { faults.isEmpty }

    /// When the session is to end before its time.
    var expiry: Duration? {
        for case .expiry(let duration) in faults { return duration }
        return nil
    }

    /// When to call ``advance(at:)``; `nil` for never.
    var nextDeadline: Instant? {
        guard !hasEnded, !faults.isEmpty else { return nil }
        var instants = queue.first.map { [$0.due] } ?? []
        for fault in faults {
            switch fault {
            case .expiry(let duration), .drop(.after(let duration)): instants.append(start + duration)
            default: continue
            }
        }
        return instants.min()
    }

    /// Takes what the session sends now.
    ///
    /// - Returns: What goes out now.
    mutating func pass(_ outputs: [VirtualModel.Output], at now: Instant) -> [VirtualModel.Output] {
        guard !faults.isEmpty else { return outputs }
        guard !hasEnded else { return [] }
        for output in outputs {
            for changed in change(output) {
                let delay = latency?.draw(&random) ?? .zero
                lastDue = max(lastDue, now + delay)
                queue.append((lastDue, changed))
            }
        }
        return advance(at: now)
    }

    /// What is due.
    mutating func advance(at now: Instant) -> [VirtualModel.Output] {
        guard !faults.isEmpty, !hasEnded else { return [] }
        var sent: [VirtualModel.Output] = []
        if let refusal = refusal() { return refusal }
        for case .stall(.after(let duration)) in faults where now >= start + duration { isStalled = true }
        if faults.contains(.drop(.start)) { return end(.dropped, after: sent) }
        while let (due, output) = queue.first, due <= now {
            queue.removeFirst()
            if isStalled { continue }
            sent.append(output)
            guard case .text = output else {
                hasEnded = true
                return sent
            }
            guard Self.type(of: output).map(Self.deltas.contains) == true else { continue }
            deltaCount += 1
            guard deltaCount == Self.middle else { continue }
            if faults.contains(.stall(.middle)) { isStalled = true }
            if faults.contains(.drop(.middle)) { return end(.dropped, after: sent) }
        }
        for fault in faults {
            switch fault {
            case .drop(.after(let duration)) where now >= start + duration: return end(.dropped, after: sent)
            case .expiry(let duration) where now >= start + duration:
                let reason = "Your session hit the maximum duration of \(Int64(duration.seconds.rounded())) seconds."
                return end(.closed(code: 1001, reason: reason), after: sent)
            default: continue
            }
        }
        return sent
    }

    private mutating func end(
        _ output: VirtualModel.Output, after sent: [VirtualModel.Output]
    ) -> [VirtualModel.Output] {
        hasEnded = true
        queue = []
        return sent + [output]
    }

    /// The upgrade succeeds, as with the live service; an `error` event says what is wrong.
    private mutating func refusal() -> [VirtualModel.Output]? {
        for case .refusal(let status, let retryAfter) in faults {
            let reply = EndpointReply.refusal(status: status, retryAfter: retryAfter)
            var event: JSON = ["type": "error", "event_id": "event_refusal"]
            do {
                event["error"] = try JSON(parsing: reply.body)["error"]
            } catch {
                event["error"] = .null
            }
            event["error"]?["event_id"] = .null
            let code = event["error"]?["code"]?.string ?? "server_error"
            return end(
                .closed(code: status == 429 ? 1013 : 1011, reason: "\(status) \(code)"), after: [.text(event.bytes)])
        }
        return nil
    }

    // MARK: - Events

    private mutating func change(_ output: VirtualModel.Output) -> [VirtualModel.Output] {
        guard case .text(let bytes) = output else {
            defer { held = nil }
            return (held.map { [$0] } ?? []) + [output]
        }
        var outputs = faults.contains(.oddChunks) ? Self.cutOddly(bytes, &random) : [output]
        if faults.contains(.duplicates), random.chance(Self.changedShare) { outputs += outputs }
        if faults.contains(.unknownEvents), random.chance(Self.changedShare) {
            let event: JSON = ["type": "moonline.unknown", "event_id": "event_unknown", "moonline": [:]]
            outputs.insert(.text(event.bytes), at: 0)
        }
        if faults.contains(.truncation), !hasTruncated,
            deltaCount > 0 || Self.type(of: output).map(Self.deltas.contains) == true
        {
            hasTruncated = true
            outputs = [.text(Array(bytes.prefix(bytes.count * 2 / 3)))]
        }
        guard faults.contains(.disorder) else { return outputs }
        if let waiting = held {
            held = nil
            return outputs + [waiting]
        }
        if random.chance(Self.changedShare), let last = outputs.popLast() { held = last }
        return outputs
    }

    /// The event's type; `nil` for what is none.
    private static func type(of output: VirtualModel.Output) -> String? {
        guard case .text(let bytes) = output else { return nil }
        do {
            return try JSON(parsing: bytes)["type"]?.string
        } catch {
            return nil
        }
    }

    /// An audio delta as several, with odd byte counts.
    private static func cutOddly(_ bytes: [UInt8], _ random: inout SeededRandom) -> [VirtualModel.Output] {
        let event: JSON
        do {
            event = try JSON(parsing: bytes)
        } catch {
            return [.text(bytes)]
        }
        guard event["type"]?.string?.hasSuffix("output_audio.delta") == true,
            let audio = Base64.decode((event["delta"]?.string ?? "").utf8), audio.count > 1
        else { return [.text(bytes)] }
        var outputs: [VirtualModel.Output] = []
        var position = 0
        while position < audio.count {
            let end = min(audio.count, position + (Int.random(in: 1...longestChunk, using: &random) | 1))
            var part = event
            part["delta"] = .string(String(decoding: Base64.encode(audio[position..<end]), as: UTF8.self))
            outputs.append(.text(part.bytes))
            position = end
        }
        return outputs
    }
}
