import Conversation
import LuaRuntime
import SansIO

/// Functions of `require "store"`.
enum StoreFunctions {
    static let all: [FunctionSpec] = [
        FunctionSpec(
            .module("store"), "get", "The value that was set last; `nil` alone when there is none.",
            Argument("key", String.self, keyProse),
            result: "any", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, key in .wait(.service(.store(.get(key: key)))) },
        FunctionSpec(
            .module("store"), "set", "Keeps a value under a key, in place of the one that is there.",
            Argument("key", String.self, keyProse),
            Argument("value", ScriptData.self, "Plain data, at most 64 KiB as JSON."),
            Argument("options", StoreOptions?.self, "How long."),
            result: "boolean", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, key, value, options in
            .wait(.service(.store(.set(key: key, value: value.json, lifetime: options?.lifetime))))
        },
        FunctionSpec(
            .module("store"), "delete", "Drops a key; returns whether it was there.",
            Argument("key", String.self, keyProse),
            result: "boolean", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, key in .wait(.service(.store(.delete(key: key)))) },
        FunctionSpec(
            .module("store"), "increment",
            "Adds to the number under a key, in one step that no other call can come between, and returns the sum. "
                + "Where there is none it begins at 0. When the number expires stays as it is.",
            Argument("key", String.self, keyProse),
            Argument("by", Double?.self, "What to add; 1."),
            result: "number", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, key, by in
            let by = by ?? 1
            return by.isFinite
                ? .wait(.service(.store(.increment(key: key, by: by))))
                : .misuse(parameter: 2, "a finite number expected, got \(by)")
        },
        FunctionSpec(
            .module("store"), "keys", "The keys that begin with a text, sorted.",
            Argument("prefix", String?.self, "The text; without it, all keys."),
            result: "string[]", errors: errors, since: "0.2", yields: true, permission: .inHandlers
        ) { _, prefix in .wait(.service(.store(.keys(prefix: prefix ?? "")))) },
    ]

    private static let keyProse = "1 to 256 bytes of text."
    private static let errors: [ScriptErrorCode] = [.invalidArgument, .failed, .limitReached, .callEnded]
}

private struct StoreOptions: ScriptRecord {
    let lifetime: Duration?

    /// Ten years. [s]
    private static let longestLifetime = 315_360_000.0

    static var options: [FunctionSpec.Option] {
        [
            FunctionSpec.Option(
                name: "ttl", type: "number", prose: "Seconds until the value vanishes by itself; without it, never.")
        ]
    }

    init(reading record: RecordReader) throws(ScriptMismatch) {
        lifetime = try record.field("ttl", as: Double?.self).map { seconds throws(ScriptMismatch) in
            guard seconds > 0, seconds <= StoreOptions.longestLifetime else {
                throw ScriptMismatch(
                    reason: "field 'ttl': seconds above 0 and below ten years expected, got \(seconds)")
            }
            return .nanoseconds(Int64(seconds * 1e9))
        }
    }
}
