import ScriptAPI

/// The test language in words, made from its declarations: for the editor, and as a page.
public enum TestReference {
    /// The definition file from which LuaLS knows `moonline.test`.
    public static var definitions: String {
        var lines = [
            "---@meta moonline.test", "",
            "-- Made by `moonline \(HostVersion.current)`; it is written anew by each version.",
            "",
        ]
        lines += comment("What is expected of a text or a value: what `t.like` and the others return.")
        lines += ["---@class moonline.test.Matcher", ""]
        lines += comment("What `t.model` returns.") + ["---@class moonline.test.Model", ""]
        for record in records { lines += definition(of: record) }
        for function in TestFunctionSpec.all {
            guard let parameter = function.parameters.first(where: { !$0.options.isEmpty }) else { continue }
            let prose = "Options of `\(function.path)`."
            lines += definition(
                of: Record(name: optionsClass(of: function), prose: prose, fields: parameter.options))
        }
        for (receiver, name, prose) in [
            (TestFunctionSpec.Receiver.callee, "Callee", "The one who is called, or who calls: played by the test."),
            (.agent, "Agent", "The agent that is tested."),
        ] {
            lines += comment(prose) + ["---@class moonline.test.\(name)", "local \(name) = {}"]
            for function in TestFunctionSpec.all where function.receiver == receiver {
                lines += definition(of: function, on: "\(name):")
            }
            lines.append("")
        }
        lines += comment("Tests of call flows.") + ["---@class moonline.test", "local test = {}"]
        for function in TestFunctionSpec.all where function.receiver == .module {
            lines += definition(of: function, on: "test.")
        }
        return (lines + ["", "return test"]).joined(separator: "\n") + "\n"
    }

    /// The reference page, in Markdown.
    public static var markdown: String {
        var page = MarkdownPage()
        page.heading(1, "Test calls: the reference")
        page.text(TestReferenceText.note)
        page.text(TestReferenceText.introduction)
        page.flow(TestReferenceText.example)
        page.text(TestReferenceText.rules)
        for section in TestReferenceText.sections {
            page.heading(2, section.title)
            page.text(section.prose)
            page.flow(section.example)
            for name in section.records {
                guard let record = records.first(where: { $0.name == name }) else { continue }
                page.text("**`\(record.name)`**: \(record.prose)")
                page.table(
                    ["field", "type", "meaning"], record.fields.map { ["`\($0.name)`", "`\($0.type)`", $0.prose] })
            }
            for function in TestFunctionSpec.all where section.contains(function) {
                page.heading(3, "`\(signature(of: function))`")
                page.text(function.prose)
                page.list(
                    function.parameters.flatMap { parameter in
                        parameter.options.isEmpty
                            ? ["`\(parameter.name)` (`\(parameter.type)`): \(parameter.prose)"]
                            : parameter.options.map { "`\(parameter.name).\($0.name)` (`\($0.type)`): \($0.prose)" }
                    })
                if let result = function.result { page.text("*Returns `\(result)`.*") }
            }
        }
        page.heading(2, "Where a test fails")
        page.text(TestReferenceText.failures)
        return page.text
    }

    // MARK: - Parts

    struct Record {
        let name: String
        let prose: String
        let fields: [FunctionSpec.Option]
    }

    /// Tables that more than one function takes.
    static let records = [
        Record(
            name: "moonline.test.Options", prose: "Options of a test, or of all tests of a file.",
            fields: TestOptionFields.options),
        Record(
            name: "moonline.test.Network", prose: "The line between agent and callee, in both directions.",
            fields: NetworkConditions.options),
        Record(
            name: "moonline.test.ModelEntry",
            prose: "When the model does what: one of the first four fields says when.",
            fields: ModelScript.Entry.fields),
    ]

    static func signature(of function: TestFunctionSpec) -> String {
        let names = function.parameters.map { $0.name + ($0.isOptional ? "?" : "") }
        return "\(function.path)(\(names.joined(separator: ", ")))"
    }

    /// `moonline.test.AgentSaysOptions`.
    private static func optionsClass(of function: TestFunctionSpec) -> String {
        let owner = function.receiver == .module ? [] : [function.receiver.rawValue]
        let words = owner + function.name.split(separator: "_").map(String.init)
        return "moonline.test." + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined() + "Options"
    }

    private static func comment(_ prose: String) -> [String] { ["---\(prose)"] }

    private static func definition(of record: Record) -> [String] {
        var lines = comment(record.prose) + ["---@class (exact) \(record.name)"]
        for field in record.fields {
            lines += comment(field.prose) + ["---@field \(field.name)? \(field.type)"]
        }
        return lines + [""]
    }

    private static func definition(of function: TestFunctionSpec, on owner: String) -> [String] {
        var lines = [""] + comment(function.prose)
        if function.waits { lines.append("---@async") }
        for parameter in function.parameters {
            lines.append(
                "---@param \(parameter.name)\(parameter.isOptional ? "?" : "") \(type(of: parameter, function)) \(parameter.prose)"
            )
        }
        if let result = function.result { lines.append("---@return \(result)") }
        // Options in the middle may be absent, or stand several times.
        let names = function.parameters.map(\.name)
        if let index = function.parameters.firstIndex(where: \.isOptional), index < names.count - 1,
            function.parameters[(index + 1)...].contains(where: { !$0.isOptional })
        {
            let typed = function.parameters.map { "\($0.name): \(type(of: $0, function))" }
            let more = "more: \(function.parameters[index].type)"
            lines.append("---@overload fun(\((typed[..<index] + typed[(index + 1)...]).joined(separator: ", ")))")
            lines.append(
                "---@overload fun(\((typed[...index] + [more] + typed[(index + 1)...]).joined(separator: ", ")))")
        }
        return lines + ["function \(owner)\(function.name)(\(names.joined(separator: ", "))) end"]
    }

    private static func type(of parameter: FunctionSpec.Parameter, _ function: TestFunctionSpec) -> String {
        parameter.options.isEmpty ? parameter.type : optionsClass(of: function)
    }
}

extension TestFunctionSpec {
    /// Whether the test's function may wait in it.
    var waits: Bool { permission == .inTests && !(receiver == .module && name != "wait") }
}
