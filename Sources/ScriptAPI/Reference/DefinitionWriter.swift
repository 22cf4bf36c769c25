import Conversation
import SansIO

/// The definition files from which LuaLS knows the script API: one for each module that scripts may `require`.
///
/// They are made from the declarations when they are asked for; nothing is read from files.
public enum DefinitionWriter {
    /// - Returns: For each module `moonline.lua`, `http.lua`, … and its text.
    public static func files() -> [(name: String, text: String)] {
        ModuleSpec.all.map { module in
            var file = DefinitionFile(module: module.name)
            if module.name == "moonline" { host(&file) }
            file.comment(module.prose)
            file.line("---@class \(className(of: module))")
            for value in module.values {
                file.comment(value.prose)
                file.line("---@field \(value.name) \(value.type)")
            }
            file.line("local \(module.name) = {}")
            for function in module.functions { file.function(function, on: "\(module.name).") }
            file.line("")
            file.line("return \(module.name)")
            return ("\(module.name).lua", file.text)
        }
    }

    private static func className(of module: ModuleSpec) -> String {
        module.name == "moonline" ? "moonline" : "moonline.\(module.name)"
    }

    /// What belongs to no module: the call, the agent, records and error codes.
    private static func host(_ file: inout DefinitionFile) {
        for function in (CallFunctions.all + ModuleSpec.all.flatMap(\.functions)) { file.options(of: function) }
        file.comment("Why a function failed: the third value, behind `nil` and a message.")
        file.line("---@alias moonline.ErrorCode")
        for code in ErrorCodeSpec.all { file.line("---| \"\(code.name)\" # \(code.prose)") }
        file.line("")
        for record in RecordSpec.all {
            file.comment(record.prose)
            file.line("---@class \(record.name)")
            for field in record.fields { file.field(field.name, field.type, field.prose) }
            file.line("")
        }
        file.comment("What `moonline.agent` returns, and the flow's file too.")
        file.line("---@class moonline.Agent")
        file.line("")
        actions(&file)
        agent(&file)
        call(&file)
    }

    private static func actions(_ file: inout DefinitionFile) {
        file.comment(
            "Functions that the model may call. The comment above each is what the model is told of it, its annotations "
                + "are the schema; names that begin with `_` are private.")
        file.line("---@class moonline.Actions")
        file.field("call", "moonline.Call", "The call, in an action.")
        file.field(
            "schemas", "table<string, table>?", "JSON Schema of actions for which annotations are not enough, by name.")
        file.line("")
    }

    private static func agent(_ file: inout DefinitionFile) {
        file.comment("What `moonline.agent` takes.")
        file.line("---@class (exact) moonline.AgentDefinition")
        for field in AgentFieldSpec.all {
            file.field(field.name, field.isRequired ? field.type : field.type.orNil, field.prose, since: field.since)
        }
        for handler in HandlerSpec.all {
            let parameters = handler.parameters.map { "\($0.name): \($0.type)" }.joined(separator: ", ")
            let result = handler.result.map { ": \($0)" } ?? ""
            let details = handler.parameters.dropFirst(handler.handler == .onHandover ? 0 : 1)
                .map { "`\($0.name)`: \($0.prose)" }
            let returns = handler.resultProse.isEmpty ? [] : ["Returns: \(handler.resultProse)"]
            file.comment(([handler.prose] + details + returns + ["Since \(handler.since)."]).joined(separator: "\n\n"))
            let prefix = handler.handler == .onHandover ? "" : "async "
            file.line("---@field \(handler.name)? \(prefix)fun(\(parameters))\(result)")
        }
        file.line("")
    }

    private static func call(_ file: inout DefinitionFile) {
        file.comment("A call. Its fields are read-only, but for what is in `state`.")
        file.line("---@class moonline.Call")
        for field in CallFieldSpec.all { file.field(field.name, field.type, field.prose, since: field.since) }
        file.line("local Call = {}")
        for function in CallFunctions.all { file.function(function, on: "Call:") }
        file.line("")
    }
}

/// The lines of one definition file.
private struct DefinitionFile {
    private var lines: [String]

    var text: String { lines.joined(separator: "\n") + "\n" }

    init(module: String) {
        lines = [
            "---@meta \(module)", "",
            "-- Made by `moonline \(HostVersion.current)`; it is written anew by each version.",
            "",
        ]
    }

    mutating func line(_ line: String) { lines.append(line) }

    /// Prose; an empty line stays one.
    mutating func comment(_ prose: String) {
        guard !prose.isEmpty else { return }
        for line in prose.split(separator: "\n", omittingEmptySubsequences: false) { lines.append("---\(line)") }
    }

    mutating func field(_ name: String, _ type: String, _ prose: String, since: String? = nil) {
        comment([prose, since.map { "Since \($0)." } ?? ""].filter { !$0.isEmpty }.joined(separator: " "))
        // LuaLS takes a field for required unless its name has the mark.
        let isOptional = type.hasSuffix("?")
        lines.append("---@field \(name)\(isOptional ? "?" : "") \(isOptional ? String(type.dropLast()) : type)")
    }

    /// A class for each table of named options.
    mutating func options(of spec: FunctionSpec) {
        guard let parameter = spec.parameters.first(where: { !$0.options.isEmpty }) else { return }
        let text = FunctionText(spec: spec)
        comment("Options of `\(text.path)`.")
        line("---@class \(text.optionsClass)")
        for option in parameter.options { field(option.name, option.type.orNil, option.prose) }
        line("")
    }

    mutating func function(_ spec: FunctionSpec, on owner: String) {
        let text = FunctionText(spec: spec)
        line("")
        let notes = [text.condition, text.failures, "since \(spec.since)"].compactMap { $0 }.joined(separator: "; ")
        comment(spec.prose + "\n\n" + notes.prefix(1).uppercased() + notes.dropFirst() + ".")
        if spec.yields { line("---@async") }
        for parameter in spec.parameters {
            let type = parameter.options.isEmpty ? parameter.type : text.optionsClass
            line("---@param \(parameter.name)\(parameter.isOptional ? "?" : "") \(type) \(parameter.prose)")
        }
        if let result = spec.result {
            line("---@return \(spec.errors.isEmpty ? result : result.orNil) \(Self.name(ofResult: result))")
        }
        if !spec.errors.isEmpty {
            if spec.result == nil { line("---@return nil") }
            line("---@return string? message")
            line("---@return moonline.ErrorCode? code")
        }
        let parameters = spec.parameters.map(\.name).joined(separator: ", ")
        line("function \(owner)\(spec.name)(\(parameters)) end")
    }

    private static func name(ofResult type: String) -> String { type == "boolean" ? "ok" : "value" }
}
