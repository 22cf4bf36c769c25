/// What the operator lets scripts see of the host.
public struct ScriptEnvironment: Hashable, Sendable {
    /// Names that `moonline.env` may ask for.
    public var allowed: Set<String>
    /// Values of those that are set.
    public var variables: [String: String]
    /// The time zone of `time` where a script names none, as IANA calls it; `nil` for the machine's.
    public var timeZone: String?

    public init(allowed: Set<String> = [], variables: [String: String] = [:], timeZone: String? = nil) {
        self.allowed = allowed
        self.variables = variables
        self.timeZone = timeZone
    }

    enum Variable {
        case value(String)
        case unset
        case notAllowed
    }

    func variable(_ name: String) -> Variable {
        guard allowed.contains(name) else { return .notAllowed }
        return variables[name].map { .value($0) } ?? .unset
    }
}
