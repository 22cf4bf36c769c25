import SansIO

/// Whether the server is still there, though its socket may be: a proxy answers pings for a server that hangs.
///
/// The model may be silent for as long as it likes; its server is not. While it hears the caller it sends a continuous
/// stream of audio, silence included (Live API, `session.output_audio.delta`). When nothing at all has come for a while, it
/// is asked for a sign of life: `session.input_audio.unmute`, or `mute` where it is deaf already, each of which it answers
/// (`session.input_audio.unmuted`, `muted`). So a server that sends no silence is watched as well. Whatever it says, be it
/// an error, shows that it is there.
extension LiveSession {
    struct Watch: Sendable {
        /// When the server was last heard.
        var heardAt: Instant
        /// The question that it has not answered, and when it was asked.
        var probe: (eventID: String, at: Instant)?
    }

    /// From here on the server hears the caller: its stream begins.
    mutating func listen(at now: Instant) {
        watch = Watch(heardAt: now)
    }

    /// When the server is to be asked for a sign of life, or is lost.
    var watchTime: Instant? {
        guard let watch, let silence = options.silence else { return nil }
        return (watch.probe?.at ?? watch.heardAt) + silence
    }

    /// Takes note that the server is there.
    ///
    /// - Returns: Whether the event is no more than the answer to the question.
    mutating func noteLife(_ event: LiveServerEvent, at now: Instant) -> Bool {
        guard let asked = watch?.probe else {
            watch?.heardAt = now
            return false
        }
        watch = Watch(heardAt: now)
        if case .error(let error) = event { return error.eventID == asked.eventID }
        return false
    }

    mutating func watch(at now: Instant) {
        guard let watchTime, watchTime <= now else { return }
        if watch?.probe == nil {
            let eventID = makeID("live")
            watch?.probe = (eventID, now)
            send(.probe(isDeaf: isDeaf), eventID: eventID)
        } else {
            watch = nil
            outputs.append(.lost(RealtimeError(connectionFailure: "it says nothing any more")))
        }
    }
}
