/// One thing that is wrong with a Lua text, found without running it.
public struct LuaDiagnostic: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        case error
        case warning
    }

    /// What kind of thing it is. Where the language server LuaLS has a diagnostic of the same meaning, its name is the
    /// same, so that one `---@diagnostic disable` serves both.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        case syntax = "syntax-error"
        /// Found when the file ran.
        case load = "load-error"
        case undefinedGlobal = "undefined-global"
        case globalAssignment = "lowercase-global"
        case undefinedField = "undefined-field"
        case missingArgument = "missing-parameter"
        case redundantArgument = "redundant-parameter"
        case unusedLocal = "unused-local"
        case unusedFunction = "unused-function"
        case unusedLabel = "unused-label"
        case codeAfterBreak = "code-after-break"
        case unreachableCode = "unreachable-code"
        /// A library's table, or a field of the call, is written.
        case readOnly = "read-only"
        /// A method is called with a dot.
        case missingColon = "missing-colon"
        /// A function that is no method is called with a colon.
        case redundantColon = "redundant-colon"
        case unknownModule = "unknown-module"
        case dynamicRequire = "dynamic-require"
        case unknownHandler = "unknown-handler"
        case redundantHandlerParameter = "redundant-handler-parameter"
        /// An agent's field that its mode makes no use of.
        case fieldWithoutEffect = "field-without-effect"
    }

    /// Another place that explains the diagnostic.
    public struct Note: Hashable, Sendable {
        public var range: SourceRange
        public var message: String

        public init(range: SourceRange, message: String) {
            self.range = range
            self.message = message
        }
    }

    public var severity: Severity
    public var code: Code
    public var range: SourceRange
    public var message: String
    /// What to write instead.
    public var hint: String?
    public var notes: [Note]

    public init(
        _ severity: Severity, _ code: Code, _ range: SourceRange, _ message: String, hint: String? = nil,
        notes: [Note] = []
    ) {
        self.severity = severity
        self.code = code
        self.range = range
        self.message = message
        self.hint = hint
        self.notes = notes
    }
}
