import LuaRuntime
import SansIO
import Speech

/// Why a persona cannot be used, or did not answer; with file and line where they are known.
public struct PersonaError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    public var description: String { message }
}

/// What a persona file says of itself.
public struct PersonaDefinition: Sendable {
    /// The file's name as messages show it.
    let name: String
    let source: [UInt8]
    let grammar: SpeechGrammar
    let usesOpenVocabulary: Bool
    /// The speaker; `nil` leaves the choice to the session's voice.
    let voice: SpeechSynthesizer.Voice?

    /// Understands anything, and says only what its instructions tell it word for word.
    init() {
        name = "no persona"
        source = []
        grammar = SpeechGrammar(sentences: [])
        usesOpenVocabulary = true
        voice = nil
    }

    /// - Throws: ``PersonaError`` when the text is not Lua, fails, returns no persona, or has a malformed phrase.
    init(source: [UInt8], name: String) throws(PersonaError) {
        self.name = name
        self.source = source
        let description = try PersonaSession(source: source, name: name, seed: 0).describe()
        let phrases = (description["phrases"]?.array ?? []).compactMap(\.string)
        var slots: [String: [String]] = [:]
        for slot in description["slots"]?.object?.members ?? [] {
            slots[slot.key] = (slot.value.array ?? []).compactMap(\.string)
        }
        do {
            grammar = try SpeechGrammar(phrases: phrases, slots: slots)
        } catch {
            throw PersonaError(
                message: "\(name): phrase '\(error.phrase)' at character \(error.offset): \(error.fault)")
        }
        usesOpenVocabulary = description["open_vocabulary"]?.bool ?? false
        guard let speaker = description["voice"]?.string else {
            voice = nil
            return
        }
        guard let voice = SpeechSynthesizer.Voice(rawValue: speaker) else {
            let known = SpeechSynthesizer.Voice.allCases.map(\.rawValue).joined(separator: ", ")
            throw PersonaError(message: "\(self.name): there is no voice '\(speaker)'; there are \(known)")
        }
        self.voice = voice
    }
}

/// A persona in one conversation: a sandboxed Lua state with the file loaded and a `state` table of its own.
///
/// Belongs to one thread at a time.
final class PersonaSession {
    private let state: LuaState
    private let name: String
    private let prelude: LuaReference
    private let definition: LuaValue

    init(source: [UInt8], name: String, seed: UInt64) throws(PersonaError) {
        self.name = name
        do {
            state = try LuaState(randomSeed: seed)
            let chunk = try state.load(Array(PersonaPrelude.source.utf8), chunkName: PersonaPrelude.chunkName)
            guard case .table(let prelude) = try Self.run(chunk, in: state, name: name) else {
                throw PersonaError(message: "\(PersonaPrelude.chunkName): no table")
            }
            self.prelude = prelude
            if case .table(let globals) = state.field("globals", of: prelude) {
                for global in state.fieldNames(of: globals) {
                    state.setGlobal(global, state.field(global, of: globals))
                }
            }
            definition = try Self.run(try state.load(source, chunkName: name), in: state, name: name)
        } catch let fault as LuaFault {
            throw PersonaError(message: fault.message)
        } catch let error as PersonaError {
            throw error
        } catch {
            throw PersonaError(message: "\(name): \(error)")
        }
    }

    func describe() throws(PersonaError) -> JSON {
        try call("describe", [definition])
    }

    /// What the persona does about a request.
    ///
    /// - Parameter today: The day, ISO 8601, that "tomorrow" is counted from.
    /// - Throws: ``PersonaError`` with file and line: the handler failed, ran too long, returned no steps, or calls a
    ///   function that the session does not offer.
    func answer(_ request: PersonaRequest, today: String) throws(PersonaError) -> [PersonaStep] {
        if let steps = ExactSpeech.steps(for: request) { return steps }
        let answer = try call("ask", [definition, .json(request.json(today: today))])
        var steps: [PersonaStep] = []
        for step in answer.array ?? [] { steps.append(try parse(step)) }
        for case .call(let function, _) in steps where !request.mayCallAny && !request.tools.contains(function) {
            let known = request.tools.isEmpty ? "none" : request.tools.joined(separator: ", ")
            throw PersonaError(
                message: "\(name): called '\(function)', which is not among the functions that it may call: \(known)")
        }
        return steps
    }

    private func parse(_ json: JSON) throws(PersonaError) -> PersonaStep {
        switch json["step"]?.string {
        case "say": .say(json["text"]?.string ?? "")
        case "call": .call(name: json["name"]?.string ?? "", arguments: json["arguments"] ?? [:])
        case "pause": .pause(.seconds(min(json["seconds"]?.number ?? 0, 86_400)))
        case "fail": .fail(code: json["code"]?.string ?? "", message: json["message"]?.string ?? "")
        case "drop": .drop
        case "frame": .frame(json["text"]?.string ?? "")
        default: throw PersonaError(message: "\(name): an answer that is no step: \(json.text)")
        }
    }

    private func call(_ function: String, _ arguments: [LuaValue]) throws(PersonaError) -> JSON {
        guard case .function(let function) = state.field(function, of: prelude) else {
            throw PersonaError(message: "\(PersonaPrelude.chunkName): no function '\(function)'")
        }
        let value = try Self.run(function, arguments, in: state, name: name)
        do {
            return try state.json(value)
        } catch {
            throw PersonaError(message: "\(name): \(error)")
        }
    }

    /// The message with the file in front; a line of the prelude tells an author nothing.
    private static func located(_ message: String, name: String) -> String {
        if message.hasPrefix(name) { return message }
        let inPrelude = message.prefixMatch(of: #/persona-prelude:\d+: /#)
        return "\(name): \(inPrelude.map { message[$0.range.upperBound...] } ?? message[...])"
    }

    private static func run(
        _ function: LuaReference, _ arguments: [LuaValue] = [], in state: LuaState, name: String
    ) throws(PersonaError) -> LuaValue {
        switch state.start(function, arguments: arguments) {
        case .returned(let values): return values.first ?? .nil
        case .yielded(let coroutine):
            state.close(coroutine)
            throw PersonaError(message: "\(name): a persona cannot wait")
        case .failed(let fault):
            throw PersonaError(message: Self.located(fault.message, name: name))
        }
    }
}

extension PersonaRequest {
    /// The event that the prelude's `ask` takes.
    func json(today: String) -> JSON {
        var event: JSON = [
            "instructions": .string(instructions), "own_instructions": .bool(hasOwnInstructions),
            "tools": .array(tools.map(JSON.string)), "any_tool": .bool(mayCallAny),
            "history": .array(history.map(\.json)), "today": .string(today),
        ]
        switch trigger {
        case .start: event["kind"] = "start"
        case .heard(let words):
            event["kind"] = "text"
            event["heard"] = .string(words)
        case .results(let results):
            event["kind"] = "results"
            event["results"] = .array(
                results.map { result in
                    [
                        "name": .string(result.name), "arguments": Self.decoded(result.arguments),
                        "result": Self.decoded(result.output),
                    ]
                })
        }
        return event
    }

    /// What a text of JSON stands for, or the text itself when it is none.
    private static func decoded(_ text: String) -> JSON {
        do {
            return try JSON(parsing: text)
        } catch {
            return .string(text)
        }
    }
}

extension PersonaRequest.Turn {
    fileprivate var json: JSON {
        switch self {
        case .message(let role, let text): ["role": .string(role), "text": .string(text)]
        case .call(let name, let arguments): ["call": .string(name), "arguments": .string(arguments)]
        case .result(let name, let output): ["result": .string(name), "output": .string(output)]
        }
    }
}
