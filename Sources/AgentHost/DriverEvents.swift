package import Conversation
package import MediaEngine
package import Telephony
package import VoiceAgent

// What the drivers report, in the session's terms.

extension ModelEvent {
    package init(_ event: RealtimeConnection.Event) {
        self.init(event) { .event($0) }
    }

    package init(_ event: LiveConnection.Event) {
        self.init(event) { .live($0) }
    }

    private init<Message>(_ event: ModelSocketEvent<Message>, _ make: (Message) -> ModelEvent) {
        switch event {
        case .connected: self = .connected
        case .event(let event): self = make(event)
        case .malformed(let sentence): self = .malformed(sentence)
        // A connection that was lost without a close frame counts as 1006 (RFC 6455 §7.1.5).
        case .closed(let code, let reason): self = .closed(code: code.map { Int($0) } ?? 1006, reason: reason)
        case .failed(let message): self = .failed(message: message)
        }
    }
}

extension MediaReport {
    /// - Returns: `nil` for what the session does not need.
    package init?(_ event: MediaEvent) {
        switch event {
        // The session is told of media by the answer: a far end may keep silent for as long as it likes.
        case .started: return nil
        case .playoutStarted(let tag, let at): self = .playoutStarted(tag: tag, at: at)
        case .playoutEnded(let tag, let played, _): self = .playoutEnded(tag: tag, bytes: played)
        case .flushed(let tag, let played, let dropped, _): self = .flushed(tag: tag, played: played, dropped: dropped)
        case .drained: self = .drained
        case .digit(let digit, let duration): self = .digit(digit, milliseconds: duration)
        case .timedOut: self = .timedOut
        }
    }
}

extension MediaQuality {
    package init(_ statistics: MediaStatistics) {
        self.init(
            packetsSent: Int(clamping: statistics.packetsSent),
            packetsReceived: Int(clamping: statistics.packetsReceived),
            packetsLost: Int(clamping: statistics.packetsLost),
            jitterMilliseconds: Double(statistics.jitterMicroseconds) / 1_000,
            roundTripMilliseconds: statistics.roundTripMicroseconds.map { Double($0) / 1_000 })
    }
}

extension TelephonyEvent {
    /// - Returns: `nil` for what the session does not need, or gets in another way.
    package init?(_ event: PhoneCallEvent) {
        switch event {
        case .ringing(let earlyMedia): self = .ringing(earlyMedia: earlyMedia)
        case .answered(_, let headers): self = .answered(headers: headers)
        case .failed(let status, let reason, let sentence):
            self = .failed(TelephonyFailure(status: status, reason: reason, sentence: sentence))
        case .ended(let byRemote, let reason): self = .ended(byRemote: byRemote, reason: reason)
        case .transferAccepted: self = .transferAccepted
        case .transferProgress(let status, let reason): self = .transferProgress(status: status, reason: reason)
        case .transferEnded(let status, let reason): self = .transferEnded(status: status, reason: reason)
        case .held, .digit, .transferRequested: return nil
        }
    }
}
