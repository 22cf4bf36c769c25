import Conversation
public import OfflineModel
import SansIO

/// The model of one call that follows a ``ModelScript``.
public struct ModelBrain: Sendable {
    private let script: ModelScript
    private var used: Set<Int> = []
    /// Sentences that it has said.
    private var said: [String] = []
    /// What it was asked and had no entry for: sentences for the report.
    public private(set) var unexpected: [String] = []

    public init(_ script: ModelScript) {
        self.script = script
    }

    /// The same model, as it is before it was asked anything.
    public var afresh: ModelBrain { ModelBrain(script) }

    /// What the model does: the first entry that fits and was not used yet, or may be used always.
    ///
    /// Instructions to say an exact text, which `call:say` gives, are obeyed before any entry; so are those to go on with
    /// what a lost connection has cut.
    ///
    /// - Returns: Nothing where no entry fits: the model stays silent, and the request is noted.
    public mutating func answer(_ request: PersonaRequest) -> [PersonaStep] {
        if request.hasOwnInstructions, let text = ExactSpeech.text(in: request.instructions) { return [.say(text)] }
        if request.hasOwnInstructions, let heard = CutSpeech.heard(in: request.instructions) {
            return rest(after: heard)
        }
        for (index, entry) in script.entries.enumerated() where entry.always || !used.contains(index) {
            guard fits(entry.trigger, request) else { continue }
            used.insert(index)
            if !entry.says.isEmpty { said.append(entry.says.joined(separator: " ")) }
            return entry.steps
        }
        if !script.entries.isEmpty { unexpected.append(Self.sentence(about: request)) }
        return []
    }

    /// The rest of the last sentence that begins with what was heard.
    private func rest(after heard: String) -> [PersonaStep] {
        guard let text = said.last(where: { $0.hasPrefix(heard) }) else { return [] }
        let rest = CutSpeech.rest(of: text, after: heard)
        return rest.isEmpty ? [] : [.say(rest)]
    }

    /// Entries whose turn never came.
    public var unused: [String] {
        script.entries.enumerated().filter { !used.contains($0.offset) }.map { index, entry in
            "entry \(index + 1) of t.model, for when \(entry.trigger.description), was never used"
        }
    }

    private func fits(_ trigger: ModelScript.Trigger, _ request: PersonaRequest) -> Bool {
        switch (trigger, request.trigger) {
        case (.instructed(let matcher), _):
            request.hasOwnInstructions && matcher.matches(text: request.instructions, patterns: NoPatterns.only)
        case (.start, .start): true
        case (.hears(let matcher), .heard(let text)): matcher.matches(text: text, patterns: NoPatterns.only)
        case (.resultOf(let name), .results(let results)): results.contains { $0.name == name }
        default: false
        }
    }

    private static func sentence(about request: PersonaRequest) -> String {
        switch request.trigger {
        case .start: "t.model has no entry for a start: add { start = true, says = … }"
        case .heard(let text): "t.model has no entry for the words \(quoted(text))"
        case .results(let results):
            "t.model has no entry for the result of " + results.map(\.name).joined(separator: ", ")
        }
    }
}

extension ModelScript.Entry {
    fileprivate var steps: [PersonaStep] {
        var steps: [PersonaStep] = []
        if after > .zero { steps.append(.pause(after)) }
        steps += says.map { .say($0) }
        if let calls { steps.append(.call(name: calls, arguments: with)) }
        if let fails { steps.append(.fail(code: fails, message: "the test's model fails with \(fails)")) }
        if drops { steps.append(.drop) }
        return steps
    }
}

extension ModelScript.Trigger {
    fileprivate var description: String {
        switch self {
        case .start: "the model is to speak"
        case .hears(let matcher): "the callee says something \(matcher.description)"
        case .resultOf(let name): "\(name) comes back"
        case .instructed(let matcher): "it is instructed with something \(matcher.description)"
        }
    }
}

/// Patterns of Lua need a state of Lua, which a model has not; `t.model` refuses them.
private final class NoPatterns: PatternMatching, Sendable {
    static let only = NoPatterns()

    func matches(_ pattern: String, in text: String) -> Bool { false }
}
