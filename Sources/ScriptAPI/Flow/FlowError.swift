import LuaSyntax

/// One thing that is wrong with a flow.
public struct FlowDiagnostic: Hashable, Sendable, CustomStringConvertible {
    /// The path as it was given, or that of a required file.
    public var file: String
    /// From 1; `nil` when the whole file is meant.
    public var line: Int?
    /// In bytes, from 1.
    public var column: Int?
    public var severity: Severity
    /// What kind of thing it is, in LuaLS's words where it has one: `undefined-global`.
    public var code: String
    public var message: String
    /// What to write instead.
    public var hint: String?
    /// With its end, and with further places, where it was found without running the file.
    var analysis: LuaDiagnostic?

    public enum Severity: String, Hashable, Sendable {
        /// The flow is refused.
        case error
        /// The flow is taken all the same.
        case warning
    }

    public init(
        file: String, line: Int? = nil, column: Int? = nil, severity: Severity = .error, code: String = "load-error",
        message: String, hint: String? = nil
    ) {
        self.file = file
        self.line = line
        self.column = column
        self.severity = severity
        self.code = code
        self.message = message
        self.hint = hint
    }

    init(_ file: String, line: Int, _ problem: AnnotationProblem) {
        self.init(
            file: problem.file ?? file, line: problem.line ?? line, column: problem.column, code: "load-error",
            message: problem.message,
            hint: problem.hint)
    }

    /// `flows/x.lua:12:9: unknown type 'strng'`, and the hint on a second line.
    public var description: String {
        var place = file
        if let line { place += ":\(line)" }
        if line != nil, let column { place += ":\(column)" }
        return "\(place): \(message)" + (hint.map { "\n    \($0)" } ?? "")
    }
}

/// Why a flow cannot be used: everything that was found, in the order of the file.
public struct FlowError: Error, Hashable, Sendable, CustomStringConvertible {
    public let diagnostics: [FlowDiagnostic]

    public init(_ diagnostics: [FlowDiagnostic]) {
        self.diagnostics = diagnostics.enumerated().sorted { left, right in
            (left.element.file, left.element.line ?? 0, left.element.column ?? 0, left.offset)
                < (right.element.file, right.element.line ?? 0, right.element.column ?? 0, right.offset)
        }.map(\.element)
    }

    public var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}
