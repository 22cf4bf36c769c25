import SansIO

/// What scripts cost, each beside the same work in plain Lua: without sandbox, budgets and checks.
struct ScriptCosts {
    /// Of our scripts and of plain Lua.
    struct Figure {
        /// Least of several batches; `nil` when there is nothing to compare.
        var ours = 0.0
        var plain: Double?
    }

    /// From the event to the return of an empty `on_transcript`. [ns]
    var emptyHandler = Figure()
    /// `before_tts` with two replacements in one sentence, text in and out. [ns]
    var beforeTTS = Figure()
    /// An action: two arguments in, one wait, a table out. [ns]
    var action = Figure()
    /// A state of its own in which the shipped flow has run. In plain Lua the file is compiled and run, in one state for
    /// all. [ns]
    var newState = Figure()
    /// The shipped flow read, compiled, run, and checked. [ns]
    var load = Figure()
    /// All calls moved to a new version, `call.state` with them. [ns]
    var handOver = Figure()
    /// Calls that are moved.
    var calls = 50
    /// What the state of an idle call holds by Lua's own account. Plain: a fresh interpreter in which the file has run.
    /// [byte]
    var idleBytes = Figure()
    /// What the process grows by for each. [byte]
    var residentBytes = 0.0

    /// A figure as a row: what it is, its unit and that unit's size, decimals, and what it must stay below, in the unit.
    private struct Row {
        let name: String
        let key: String
        let figure: Figure
        let scale: Double
        let digits: Int
        var aim: Double?
    }

    private var measured: [Row] {
        [
            Row(
                name: "an empty handler, event to return [µs]", key: "empty_handler_ns", figure: emptyHandler,
                scale: 1e3, digits: 2, aim: 5),
            Row(name: "before_tts on a sentence [µs]", key: "before_tts_ns", figure: beforeTTS, scale: 1e3, digits: 2),
            Row(
                name: "an action with arguments, one wait, a result [µs]", key: "action_ns", figure: action, scale: 1e3,
                digits: 2),
            Row(
                name: "a new call's state, the shipped flow run in it [ms]", key: "new_state_ns", figure: newState,
                scale: 1e6, digits: 3, aim: 0.2),
            Row(
                name: "a changed flow loaded and checked [ms]", key: "flow_load_ns", figure: load, scale: 1e6, digits: 3
            ),
            Row(
                name: "\(calls) calls handed over to it [ms]", key: "hand_over_ns", figure: handOver, scale: 1e6,
                digits: 2),
            Row(
                name: "an idle call's state, by Lua's account [KB]", key: "idle_state_bytes", figure: idleBytes,
                scale: 1_024, digits: 1, aim: 100),
            Row(
                name: "the same, of the process [KB]", key: "idle_resident_bytes", figure: Figure(ours: residentBytes),
                scale: 1_024, digits: 1, aim: 100),
        ]
    }

    /// Names and numbers, for a table.
    var rows: [[String]] {
        [["", "moonline", "plain Lua", "ratio", "aim"]]
            + measured.map { row in
                let value = row.figure.ours / row.scale
                let isMissed = row.aim.map { value >= $0 } ?? false
                return [
                    row.name, Text.decimal(value, row.digits) + (isMissed ? " !" : "  "),
                    row.figure.plain.map { Text.decimal($0 / row.scale, row.digits) } ?? "",
                    row.figure.plain.map { Text.decimal(row.figure.ours / max($0, 1e-9), 1) } ?? "",
                    row.aim.map { "< " + Text.decimal($0, $0 < 1 ? 1 : 0) } ?? "",
                ]
            }
    }

    var json: JSON {
        var object: JSONObject = ["hand_over_calls": .integer(Int64(calls))]
        for row in measured {
            object[row.key] = .number(row.figure.ours)
            if let plain = row.figure.plain { object["plain_lua_" + row.key] = .number(plain) }
        }
        return .object(object)
    }
}
