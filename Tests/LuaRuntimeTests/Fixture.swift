import LuaRuntime
import Testing

/// A state with a little host: `wait()` suspends, `host_error(message)` raises, `echo(...)` returns its arguments.
final class Fixture {
    let state: LuaState
    private(set) var printed: [String] = []

    init(limits: LuaLimits = LuaLimits(), seed: UInt64 = 7) throws {
        state = try LuaState(limits: limits, randomSeed: seed)
        state.printed = { [unowned self] line in printed.append(line) }
        state.setGlobal("wait", .function(state.makeFunction { _ in .wait }))
        state.setGlobal("host_error", .function(state.makeFunction { .raise($0[1].text ?? "?") }))
        state.setGlobal(
            "echo",
            .function(
                state.makeFunction { arguments in
                    .values((0..<arguments.count).map { arguments[$0 + 1] })
                }))
    }

    func start(_ source: String, _ arguments: LuaValue...) throws -> LuaOutcome {
        state.start(try state.load(Array(source.utf8), chunkName: "test.lua"), arguments: arguments)
    }

    /// The results of a script that must run to its end, as text.
    func results(_ source: String) throws -> [String] {
        switch try start(source) {
        case .returned(let values): return values.map(describe)
        case .failed(let fault): throw fault
        case .yielded: throw LuaFault(kind: .error, message: "the script waits")
        }
    }

    /// The fault of a script that must fail.
    func fault(_ source: String) throws -> LuaFault {
        guard case .failed(let fault) = try start(source) else {
            throw LuaFault(kind: .error, message: "the script did not fail")
        }
        return fault
    }

    /// The coroutine of a script that must wait.
    func waiting(_ outcome: LuaOutcome) throws -> LuaCoroutine {
        switch outcome {
        case .yielded(let coroutine): return coroutine
        case .failed(let fault): throw fault
        case .returned: throw LuaFault(kind: .error, message: "the script does not wait")
        }
    }
}

func describe(_ value: LuaValue) -> String {
    switch value {
    case .nil: "nil"
    case .boolean(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .number(let value): "\(value)"
    case .string: value.text ?? ""
    default: value.typeName
    }
}
