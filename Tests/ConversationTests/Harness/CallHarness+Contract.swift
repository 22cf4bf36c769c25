import SansIO

@testable import Conversation

/// What the examples of the script contract say and ask, beside the harness's own words.
extension CallHarness {
    /// A call that has just been answered, and the `on_answered` that runs in it.
    static func answered(
        _ handlers: Set<ScriptHandler> = [], limits: CallSession.Limits = .init(),
        fallback: AgentDefinition.Fallback? = nil, fallbackAudio: [UInt8] = []
    ) -> (CallHarness, ScriptTaskID) {
        var call = CallHarness(
            handlers: handlers.union([.onAnswered]), limits: limits, fallback: fallback, fallbackAudio: fallbackAudio)
        call.answer()
        return (call, call.lastTask)
    }

    /// A call whose greeting was heard; nobody speaks and nothing runs.
    static func quiet(
        _ handlers: Set<ScriptHandler> = [], limits: CallSession.Limits = .init(),
        fallback: AgentDefinition.Fallback? = nil, fallbackAudio: [UInt8] = []
    ) -> CallHarness {
        var call = CallHarness(
            handlers: handlers, limits: limits, fallback: fallback, fallbackAudio: fallbackAudio)
        call.answer()
        call.greet()
        return call
    }

    mutating func fails(
        _ kind: ScriptFault.Kind = .error, _ message: String = "flow.lua:1: boom", _ id: ScriptTaskID? = nil
    ) {
        send(.script(id ?? lastTask, .failed(ScriptFault(kind: kind, message: message))))
    }

    func did(_ action: CallSession.Action) -> Bool { log.contains(action) }

    /// How often something was done.
    func count(_ matches: (CallSession.Action) -> Bool) -> Int { log.count(where: matches) }

    /// The coroutine of the last start of a handler.
    func task(_ handler: ScriptHandler) -> ScriptTaskID? {
        for action in log.reversed() {
            if case .script(.start(let id, .handler(handler, _), _)) = action { return id }
        }
        return nil
    }

    /// The coroutine of an action.
    func task(action name: String) -> ScriptTaskID? {
        for action in log.reversed() {
            if case .script(.start(let id, .action(name, _), _)) = action { return id }
        }
        return nil
    }

    /// The coroutine of a function of `spawn` or `after`.
    func task(function number: UInt64) -> ScriptTaskID? {
        for action in log {
            if case .script(.start(let id, .function(ScriptFunctionID(number: number)), _)) = action { return id }
        }
        return nil
    }

    /// What a handler was given, each time that it was started.
    func arguments(_ handler: ScriptHandler) -> [[JSON]] {
        started.compactMap { if case .handler(handler, let arguments) = $0 { arguments } else { nil } }
    }

    /// Tags in the order in which audio was queued under them.
    var played: [PlayoutTag] {
        log.reduce(into: []) { tags, action in
            if case .play(let tag, _) = action, tags.last != tag { tags.append(tag) }
        }
    }

    /// Plays a part to its end.
    mutating func hear(tag: PlayoutTag, bytes: Int) {
        send(.media(.playoutStarted(tag: tag, at: now)))
        advance(.milliseconds(bytes / 8))
        send(.media(.playoutEnded(tag: tag, bytes: bytes)))
    }

    mutating func callerSpeaks(_ item: String = "item_u") {
        server(.speechStarted(itemID: item, audioStartMilliseconds: 0))
    }

    mutating func callerStops(_ item: String = "item_u") {
        server(.speechStopped(itemID: item, audioEndMilliseconds: 0))
    }

    mutating func press(_ keys: String) {
        for key in keys { send(.media(.digit(key, milliseconds: 100))) }
    }

    /// A coroutine starts a function in the background.
    mutating func spawn(_ number: UInt64 = 1, from id: ScriptTaskID) {
        yields(.spawn(ScriptFunctionID(number: number)), id)
    }

    mutating func offer(
        _ version: String, handlers: Set<ScriptHandler> = [.onHandover],
        tools: [String] = ["look_up", "end_call", "transfer_call"], instructions: String = "Be brief.",
        _ change: (inout AgentDefinition) -> Void = { _ in }
    ) {
        var definition = CallHarness.definition(tools: tools, handlers: handlers, instructions: instructions)
        change(&definition)
        send(.flowOffered(version: version, definition))
    }

    /// Versions that the script host was asked to go over to.
    var handovers: [String] {
        log.compactMap { if case .script(.handOver(_, let version, _)) = $0 { version } else { nil } }
    }

    var isHungUp: Bool { count { if case .hangUp = $0 { true } else { false } } > 0 }
    var flushes: Int { count { $0 == .flush } }

    /// Code of the failure that a coroutine got last; `nil` when it got none.
    func code(for id: ScriptTaskID?) -> ScriptErrorCode? {
        if let id, case .failure(let code, _)? = reply(to: id) { code } else { nil }
    }

    /// Facts of the last command to the script host.
    var lastFacts: CallFacts? {
        for action in log.reversed() {
            switch action {
            case .script(.start(_, _, let facts)), .script(.resume(_, _, let facts)),
                .script(.handOver(_, _, let facts)):
                return facts
            default: continue
            }
        }
        return nil
    }

    /// Changes of the settings that the model was told of in mid-call.
    var changes: [RealtimeSettings.Change] {
        sent.compactMap { if case .changeSession(let change) = $0 { change } else { nil } }
    }
}
