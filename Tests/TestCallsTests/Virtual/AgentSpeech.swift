import Conversation
import SansIO

/// What a call's log says of the agent's speech: which audio was played under which tag, and what came of it.
///
/// In pipeline mode each sentence has a tag, and the transcript is that of the whole answer: the log does not say which
/// belong together, so that of those parts the texts are not known.
struct AgentSpeech {
    struct Part {
        /// The model's item, or the session's own.
        var itemID = ""
        var text = ""
        var isTextComplete = false
        /// Handed to the media.
        var bytes = 0
        /// What the media reported: all was sent.
        var isEnded = false
        /// What the media reported to have been sent, when it ended or was cut.
        var played: Int?
        /// What was told of it.
        var transcripts: [String] = []
    }

    private(set) var parts: [UInt32: Part] = [:]
    private(set) var violations: [String] = []
    private let hasStages: Bool

    init(_ log: CallLog) throws(CallLogError) {
        hasStages = log.beginning.configuration.definition.mode == .pipeline
        var texts: [String: (text: String, isComplete: Bool)] = [:]
        var itemOfAudio = ""
        var tags: [String: UInt32] = [:]
        for entry in log.entries {
            guard entry.direction == .event else {
                note(entry.body, itemOfAudio: itemOfAudio, tags: &tags)
                continue
            }
            itemOfAudio = ""
            switch try entry.event() {
            case .model(.event(.audioDelta(let path, _)), _): itemOfAudio = path.itemID
            case .model(.event(.audioTranscriptDelta(let path, let delta)), _):
                texts[path.itemID, default: ("", false)].text += delta
            case .model(.event(.audioTranscriptDone(let path, let text)), _):
                texts[path.itemID] = (text, true)
            case .media(.playoutEnded(let tag, let bytes)):
                parts[tag]?.isEnded = true
                parts[tag]?.played = bytes
            case .media(.flushed(let tag?, let played, _)):
                if parts[tag]?.isEnded == true { violations.append("tag \(tag) was cut behind its end") }
                parts[tag]?.played = played
            default: break
            }
        }
        let fallback = log.beginning.configuration.definition.fallback?.text ?? ""
        for (tag, part) in parts {
            let known: (text: String, isComplete: Bool)? =
                part.itemID.isEmpty ? (part.transcripts.isEmpty ? "" : fallback, true) : texts[part.itemID]
            guard let known else { continue }
            parts[tag]?.text = known.text
            parts[tag]?.isTextComplete = known.isComplete
        }
    }

    private mutating func note(_ action: JSON, itemOfAudio: String, tags: inout [String: UInt32]) {
        if action["action"] == "play" {
            guard let tag = action["tag"]?.integer.flatMap({ UInt32(exactly: $0) }) else { return }
            parts[tag, default: Part()].bytes += Int(action["bytes"]?.integer ?? 0)
            parts[tag]?.itemID = itemOfAudio
            // What the session had ready itself is its own item.
            tags[itemOfAudio.isEmpty ? "local_\(tag)" : itemOfAudio] = tag
        } else if action["observation"] == "transcript", action["role"] == "agent" {
            let item = action["item_id"]?.string ?? ""
            guard let tag = tags[item] else {
                if hasStages { return }
                violations.append("a transcript of \(item), which was never played")
                return
            }
            parts[tag]?.transcripts.append(action["text"]?.string ?? "")
        }
    }
}
