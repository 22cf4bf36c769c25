public import Conversation
import LuaRuntime
public import SansIO

/// What a call's script ran in, as its event log keeps it: enough to run it again elsewhere.
///
/// Of the operator's variables the names alone are kept, for their values may be secrets.
public struct ScriptSurroundings: Hashable, Sendable {
    public var limits: ScriptLimits
    /// Names that `moonline.env` may ask for.
    public var allowed: Set<String>
    /// Those of them that had a value.
    public var set: Set<String>
    /// Where a script named none, as IANA calls it.
    public var timeZone: String

    public init(limits: ScriptLimits, environment: ScriptEnvironment) {
        self.limits = limits
        allowed = environment.allowed
        set = environment.allowed.intersection(environment.variables.keys)
        timeZone = environment.zone.name
    }

    /// Surroundings with the same variables.
    ///
    /// - Parameter variables: Values of today. A variable that had a value and has none here gets its own name as one.
    public func environment(variables: [String: String]) -> ScriptEnvironment {
        var values: [String: String] = [:]
        for name in set { values[name] = variables[name] ?? name }
        return ScriptEnvironment(allowed: allowed, variables: values, timeZone: timeZone)
    }

    /// The event log's form.
    public var logged: JSON {
        [
            "limits": limits.logged, "variables": .array(allowed.sorted().map { .string($0) }),
            "variables_set": .array(set.sorted().map { .string($0) }), "time_zone": .string(timeZone),
        ]
    }

    public init(logged json: JSON) throws(CallLogFormError) {
        limits = try ScriptLimits(logged: json["limits"] ?? .null)
        allowed = try ScriptSurroundings.names("variables", of: json)
        set = try ScriptSurroundings.names("variables_set", of: json)
        guard let zone = json["time_zone"]?.string else { throw CallLogFormError(field: "time_zone") }
        timeZone = zone
    }

    private static func names(_ field: String, of json: JSON) throws(CallLogFormError) -> Set<String> {
        guard let names = json[field]?.array else { throw CallLogFormError(field: field) }
        return Set(names.compactMap(\.string))
    }
}

extension ScriptLimits {
    fileprivate static var counts: [(name: String, path: WritableKeyPath<ScriptLimits, Int>)] {
        [
            ("memory_bytes", \.lua.memory), ("line_bytes", \.lua.lineBytes), ("value_depth", \.lua.values.depth),
            ("value_elements", \.lua.values.elements), ("value_bytes", \.lua.values.bytes), ("log_lines", \.logLines),
            ("file_bytes", \.fileBytes),
        ]
    }

    fileprivate var logged: JSON {
        var form: JSONObject = [
            "instructions": .integer(Int64(clamping: lua.instructions)),
            "processor_time_ns": .integer(lua.processorTime.nanoseconds),
        ]
        for (name, path) in Self.counts { form[name] = .integer(Int64(self[keyPath: path])) }
        return .object(form)
    }

    fileprivate init(logged json: JSON) throws(CallLogFormError) {
        func count(_ field: String) throws(CallLogFormError) -> Int64 {
            guard let value = json[field]?.integer, value >= 0 else { throw CallLogFormError(field: field) }
            return value
        }
        self.init()
        lua.instructions = UInt64(try count("instructions"))
        lua.processorTime = .nanoseconds(try count("processor_time_ns"))
        for (name, path) in Self.counts { self[keyPath: path] = Int(try count(name)) }
    }
}
