import SansIO

/// Which names of models and voices are good.
public enum OfflineNames: Sendable {
    /// Those of OpenAI's that stand in ``ModelCatalogue``, and `offline`.
    case known
    /// Any: the requests were meant for other servers.
    case any
}

/// The models that exist here, by what they do; dated variants of them do too.
enum ModelCatalogue {
    static let text = [
        "gpt-4o", "gpt-4o-mini", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-5", "gpt-5-mini", "gpt-5-nano",
        "gpt-5.1", "gpt-5.2", "gpt-5.5", "gpt-5.6-luna", "offline",
    ]
    static let speech = ["gpt-4o-mini-tts", "tts-1", "tts-1-hd", "offline"]
    static let transcription = [
        "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1", "offline",
    ]
    static let live = ["gpt-live-1", "offline"]

    /// All of them, each once.
    static let all: [String] = {
        var names: [String] = []
        for name in RealtimeServerSession.Configuration.knownModels + text + speech + transcription + live
        where !names.contains(name) {
            names.append(name)
        }
        return names
    }()

    /// Whether `name` is one of `models`, or a dated variant: `gpt-4o-2024-11-20`.
    static func contains(_ name: String, in models: [String]) -> Bool {
        models.contains { name == $0 || name.hasPrefix($0 + "-20") }
    }

    static func check(_ name: String, in models: [String], _ names: OfflineNames) throws(RealtimeError) {
        guard names == .any || contains(name, in: models) else { throw .unknownModel(name) }
    }

    static func json(_ name: String) -> JSON {
        ["id": .string(name), "object": "model", "created": 1_750_000_000, "owned_by": "moonline"]
    }
}
