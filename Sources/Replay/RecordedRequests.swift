import Conversation
import SansIO

/// What the model of a recorded live call was asked to say, and what of its speech answered which request.
///
/// A Live server does not tell. As in the call, the first voice behind the server's note of a request is its answer; no
/// more than one request is under way.
struct RecordedRequests {
    enum Request: Hashable {
        /// Word for word.
        case say(String)
        case instructed(String)
        /// To speak now: to begin, or to answer what was said.
        case speak
    }

    private struct Asked {
        let eventID: String
        var request: Request
        /// From when on a voice is its answer.
        var readyAt: Instant
        /// Until when.
        var end: Instant
    }

    /// By the model's item that answered it.
    private(set) var answered: [String: Request] = [:]
    private var asked: [Asked] = []

    init(_ log: CallLog) {
        let options = log.beginning.configuration.live
        var spoken: [TranscriptEntry] = []
        for entry in log.entries {
            let now = log.beginning.clock + entry.elapsed
            let body = entry.body
            switch (entry.direction, body["event"]?.string, body["action"]?.string) {
            case (.action, _, "send_live"): send(body["message"] ?? .null, options, at: now)
            case (.action, _, "close_model"): giveUp(at: now)
            case (.event, "live", _): receive(body["message"] ?? .null, at: now)
            case (.action, _, nil):
                if let said = Self.spoken(body) { spoken.append(said) }
            default: break
            }
        }
        for entry in spoken.sorted(by: { $0.startedAt < $1.startedAt }) {
            guard
                let index = asked.firstIndex(where: {
                    $0.readyAt <= entry.startedAt && entry.startedAt <= $0.end
                })
            else { continue }
            answered[entry.itemID] = asked.remove(at: index).request
        }
    }

    /// What was heard of the model.
    static func spoken(_ body: JSON) -> TranscriptEntry? {
        guard body["observation"]?.string == "transcript" else { return nil }
        do throws(CallLogFormError) {
            guard case .transcript(let entry) = try Observation(logged: body), entry.isFinal, entry.role == .agent
            else { return nil }
            return entry
        } catch {
            return nil
        }
    }

    private mutating func send(_ message: JSON, _ options: LiveOptions, at now: Instant) {
        guard message["type"]?.string == "session.commentary.append", message["delegation_id"]?.string == nil,
            let eventID = message["event_id"]?.string, let text = message["content"]?.string
        else { return }
        let order = LiveOrder(commentary: text)
        if order == .stop {
            giveUp(at: now)
            return
        }
        let whole = Self.whole(eventID)
        if let last = asked.indices.last, asked[last].eventID == whole {
            asked[last].request.append(order)
        } else {
            asked.append(
                Asked(
                    eventID: whole, request: Request(order), readyAt: now + options.noticePatience,
                    end: now + options.longestPatience))
        }
    }

    private mutating func receive(_ message: JSON, at now: Instant) {
        switch message["type"]?.string {
        case "session.commentary.appended":
            guard let index = index(message["client_event_id"]?.string) else { return }
            asked[index].readyAt = min(asked[index].readyAt, now)
        case "error":
            guard let index = index(message["error"]?["client_event_id"]?.string) else { return }
            asked.remove(at: index)
        default: break
        }
    }

    /// What is not answered by now is not any more.
    private mutating func giveUp(at now: Instant) {
        for index in asked.indices { asked[index].end = min(asked[index].end, now) }
    }

    private func index(_ eventID: String?) -> Int? { asked.lastIndex { $0.eventID == eventID.map(Self.whole) } }

    /// The event of a text of which that one is a piece.
    private static func whole(_ eventID: String) -> String { String(eventID.prefix { $0 != "." }) }
}

extension RecordedRequests.Request {
    /// From the order that a live model is given, or from its first piece.
    fileprivate init(_ order: LiveOrder) {
        switch order {
        case .say(let text): self = .say(text)
        case .follow(let text): self = .instructed(text)
        case .stop, .other: self = .speak
        }
    }

    /// Takes the next piece of a text that is too long for one order.
    fileprivate mutating func append(_ order: LiveOrder) {
        switch (self, order) {
        case (.say(let text), .say(let piece)): self = .say("\(text) \(piece)")
        case (.instructed(let text), .other(let piece)): self = .instructed("\(text) \(piece)")
        default: break
        }
    }
}
