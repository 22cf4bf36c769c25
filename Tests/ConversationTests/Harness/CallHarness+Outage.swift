import SansIO

@testable import Conversation

/// How a call loses its model and gets it back.
extension CallHarness {
    /// The connection drops without a word.
    mutating func drop() { model(.closed(code: 1_006, reason: "")) }

    /// Lets time pass until the next connection is asked for, and makes it.
    ///
    /// - Returns: What the call did when the settings were taken.
    @discardableResult
    mutating func reconnect(expiresAt: Int64? = nil) -> [CallSession.Action] {
        while session.outage?.step == .waiting, let deadline = session.nextDeadline {
            advance(deadline - now)
        }
        model(.connected)
        return server(.sessionUpdated(id: "sess_2", model: "test", expiresAt: expiresAt))
    }

    /// The caller takes a turn of a second, which the server hears.
    mutating func callerTakesTurn(_ item: String, saying text: String? = nil) {
        callerSpeaks(item)
        advance(.seconds(1))
        callerStops(item)
        server(.inputCommitted(itemID: item, previousItemID: nil))
        if let text { server(.inputTranscriptCompleted(itemID: item, transcript: text)) }
    }

    /// The model answers by itself, and is heard.
    mutating func answerTurn(_ text: String, item: String) {
        let id = beginResponse(own: true)
        speak(text, milliseconds: 1_000, in: id, item: item)
        finishResponse(id)
        hear(item)
    }

    /// Words and audio of a part, and no more: 17 characters a second.
    mutating func begin(_ text: String, of whole: String, in response: String, item: String) {
        let path = RealtimePartPath(responseID: response, itemID: item)
        for word in whole.split(separator: " ").prefix(text.split(separator: " ").count) {
            server(.audioTranscriptDelta(path, word + " "))
            server(.audioDelta(path, [UInt8](repeating: 0xFF, count: (word.count + 1) * 480)))
        }
    }

    /// Messages that the connections were told of after a loss, by role and text.
    var replayed: [String] {
        sent.compactMap { if case .replayMessage(_, _, let role, let text) = $0 { "\(role): \(text)" } else { nil } }
    }

    var losses: Int { observations.count { if case .modelLost = $0 { true } else { false } } }
    var returns: Int { observations.count { if case .modelReconnected = $0 { true } else { false } } }
    var connections: Int { count { $0 == .connectModel } }

    /// The audio that was kept at the last loss.
    var keptAudio: Duration? {
        for action in log.reversed() {
            if case .keepAudio(let duration) = action { return duration }
        }
        return nil
    }
}
