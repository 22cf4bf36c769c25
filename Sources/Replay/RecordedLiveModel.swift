import Conversation
import SansIO

/// What the model of a recorded live call did, as the entries of a test's `t.model`.
///
/// It hears, speaks and calls functions at the same time, and nothing says what led to what. The last thing that happened
/// before it spoke or called is taken for the reason: words of the far end, a function that came back, an order. What it
/// says without a new reason belongs to what it did before.
struct RecordedLiveModel {
    private enum Moment {
        case callerSaid(String)
        case spoke(String, RecordedRequests.Request?)
        case called(RecordedModel.Call)
        case returned(String)
    }

    private struct Answer {
        let trigger: JSONObject
        var says: [String] = []
        var calls: [RecordedModel.Call] = []
    }

    private var moments: [(at: Instant, moment: Moment)] = []
    /// What was heard of the model, and which request it answered.
    private var utterances: [(entry: TranscriptEntry, request: RecordedRequests.Request?)] = []
    /// Words of the model as its server wrote them.
    private var words: [(at: Instant, text: String)] = []
    private var names: [String: String] = [:]
    /// Calls of responses of the back end that are not whole yet, by delegation.
    private var writing: [String: [(at: Instant, call: RecordedModel.Call)]] = [:]
    /// The function whose result the back end has got, and does not know of yet.
    private var result: String?
    /// The connection broke in mid-call.
    private(set) var isLost = false

    init(_ log: CallLog, _ requests: RecordedRequests) {
        for entry in log.entries {
            let now = log.beginning.clock + entry.elapsed
            let message = entry.body["message"] ?? .null
            switch (entry.direction, entry.body["event"]?.string, entry.body["action"]?.string) {
            case (.event, "live", _): receive(message, at: now)
            case (.event, "model_closed", _), (.event, "model_failed", _): isLost = true
            case (.action, _, "send_live"): send(message, at: now)
            case (.action, _, nil): observe(entry.body, requests)
            default: break
            }
        }
        for (entry, request) in utterances {
            let parts = request == nil ? parts(of: entry) : [(entry.startedAt, entry.text)]
            for (at, text) in parts { moments.append((at, .spoke(text, request))) }
        }
        moments = moments.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element)
    }

    // MARK: Reading

    private mutating func receive(_ message: JSON, at now: Instant) {
        if message["type"]?.string == "session.closed" { isLost = true }
        if message["type"]?.string == "session.output_transcript.delta" {
            words.append((now, message["delta"]?.string ?? ""))
        }
        guard message["type"]?.string == "response.event", let event = message["event"] else { return }
        let delegation = message["delegation_id"]?.string ?? ""
        switch event["type"]?.string {
        case "response.output_item.done":
            guard let item = event["item"], let id = item["call_id"]?.string, let name = item["name"]?.string else {
                return
            }
            names[id] = name
            writing[delegation, default: []].append(
                (now, RecordedModel.Call(id: id, name: name, arguments: item["arguments"]?.string ?? "")))
        case "response.completed":
            for (at, call) in writing.removeValue(forKey: delegation) ?? [] { moments.append((at, .called(call))) }
        // Functions of a response that came to no good end are not called.
        case "response.failed", "response.cancelled", "response.created": writing[delegation] = nil
        default: break
        }
    }

    private mutating func send(_ message: JSON, at now: Instant) {
        switch message["type"]?.string {
        case "response.item.create": result = names[message["item"]?["call_id"]?.string ?? ""] ?? result
        case "response.create":
            if let result { moments.append((now, .returned(result))) }
            result = nil
        default: break
        }
    }

    private mutating func observe(_ body: JSON, _ requests: RecordedRequests) {
        if let entry = RecordedRequests.spoken(body) {
            utterances.append((entry, requests.answered[entry.itemID]))
            return
        }
        guard body["observation"]?.string == "transcript" else { return }
        do throws(CallLogFormError) {
            guard case .transcript(let entry) = try Observation(logged: body), entry.isFinal, entry.role == .user,
                entry.text.contains(where: { $0.isLetter || $0.isNumber })
            else { return }
            moments.append((entry.startedAt, .callerSaid(entry.text)))
        } catch {
            return
        }
    }

    /// Speech without a pause, cut where a function came back meanwhile: behind the sentence that was being said.
    private func parts(of entry: TranscriptEntry) -> [(Instant, String)] {
        var parts: [(Instant, String)] = []
        var rest = entry.text[...]
        var at = entry.startedAt
        for (returned, moment) in moments {
            guard case .returned = moment, at < returned, returned < entry.endedAt else { continue }
            let said = words.filter { at - .seconds(1) <= $0.at && $0.at <= returned }.map(\.text).joined().trimmed
            guard !said.isEmpty, rest.hasPrefix(said),
                let end = rest.dropFirst(said.count - 1).firstIndex(where: { ".!?…".contains($0) })
            else { continue }
            let next = rest[rest.index(after: end)...].drop { $0.isWhitespace }
            guard !next.isEmpty else { continue }
            parts.append((at, String(rest[...end])))
            (at, rest) = (returned, next)
        }
        return parts + [(at, String(rest))]
    }

    // MARK: Writing

    /// The entries, in order.
    var entries: [JSON] {
        answers.flatMap { answer in
            RecordedModel.entries(answer.trigger, says: answer.says, calls: answer.calls, failure: nil)
        }.map { .object($0) }
    }

    private var answers: [Answer] {
        var answers: [Answer] = []
        var reason: JSONObject?
        /// The answer that goes on, or the one to the reason.
        func answer() -> Int {
            if let reason { answers.append(Answer(trigger: reason)) }
            if answers.isEmpty { answers.append(Answer(trigger: ["start": true])) }
            reason = nil
            return answers.count - 1
        }
        for (_, moment) in moments {
            switch moment {
            case .callerSaid(let text): reason = ["hears": .string(RecordedTest.beginning(of: text))]
            case .returned(let name): reason = ["result_of": .string(name)]
            case .called(let call): answers[answer()].calls.append(call)
            // What `call:say` asks for is said without an entry.
            case .spoke(_, .say): break
            case .spoke(let text, .instructed(let order)):
                reason = ["instructed": .string(RecordedTest.beginning(of: order))]
                answers[answer()].says.append(text.trimmed)
            case .spoke(let text, .speak):
                reason = reason ?? ["start": true]
                answers[answer()].says.append(text.trimmed)
            case .spoke(let text, nil): answers[answer()].says.append(text.trimmed)
            }
        }
        return answers
    }
}
