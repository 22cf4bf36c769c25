import Conversation
import SansIO

/// The reference page for authors of scripts, in Markdown.
public enum ReferenceWriter {
    /// The whole page, made from the declarations.
    public static func page() -> String {
        var page = MarkdownPage()
        page.heading(1, "Scripts: the reference")
        page.text(ReferenceText.note)
        page.text(ReferenceText.introduction)
        flow(&page)
        handlers(&page)
        call(&page)
        modules(&page)
        errors(&page)
        annotations(&page)
        limits(&page)
        page.heading(2, "What differs from Lua 5.4")
        page.text(ReferenceText.differences)
        page.heading(2, "What the host promises")
        page.text(ReferenceText.promises)
        return page.text
    }

    private static func flow(_ page: inout MarkdownPage) {
        page.heading(2, "A flow")
        page.text(ReferenceText.flow)
        page.flow(ReferenceExamples.flow)
        page.heading(3, "Fields of the agent")
        page.table(
            ["field", "type", "meaning"],
            AgentFieldSpec.all.map { field in
                [
                    "`\(field.name)`" + (field.isRequired ? ", required" : ""), "`\(field.type)`",
                    field.prose + since(field.since),
                ]
            })
        records(named: AgentFieldSpec.all.map(\.type), &page)
        page.text(ReferenceText.pipeline)
        page.flow(ReferenceExamples.pipeline)
    }

    private static func handlers(_ page: inout MarkdownPage) {
        page.heading(2, "Handlers")
        page.text(ReferenceText.handlers)
        page.flow(ReferenceExamples.handlers)
        for handler in HandlerSpec.all {
            let names = handler.parameters.map(\.name).joined(separator: ", ")
            page.heading(3, "`\(handler.name)(\(names))`")
            page.text(handler.prose + since(handler.since))
            var lines = handler.parameters.filter { $0.name != "call" }.map {
                "`\($0.name)` (`\($0.type)`): \($0.prose)"
            }
            if let result = handler.result { lines.append("Returns `\(result)`: \(handler.resultProse)") }
            page.list(lines)
        }
        records(named: HandlerSpec.all.flatMap { $0.parameters.map(\.type) + [$0.result ?? ""] }, &page)
    }

    private static func call(_ page: inout MarkdownPage) {
        page.heading(2, "`call`: what it knows")
        page.text(ReferenceText.fields)
        page.table(
            ["field", "type", "meaning"],
            CallFieldSpec.all.map { ["`\($0.name)`", "`\($0.type)`", $0.prose + since($0.since)] })
        page.fragment(ReferenceExamples.fields)
        records(named: CallFieldSpec.all.map(\.type), &page)
        page.heading(2, "`call`: what it does")
        page.text(ReferenceText.functions)
        for group in CallFunctions.groups {
            page.heading(3, group.title)
            page.fragment(ReferenceExamples.groups[group.title])
            for function in group.functions { show(function, &page) }
        }
    }

    private static func modules(_ page: inout MarkdownPage) {
        page.heading(2, "Modules")
        page.text(ReferenceText.modules)
        for module in ModuleSpec.all {
            page.heading(3, "`\(module.name)`")
            page.text(module.prose)
            page.fragment(ReferenceExamples.modules[module.name])
            for function in module.functions { show(function, &page) }
            for value in module.values {
                page.heading(4, "`\(module.name).\(value.name)`")
                page.text("`\(value.type)`: \(value.prose)")
            }
            records(named: module.functions.compactMap(\.result) + module.values.map(\.type), &page)
        }
    }

    private static func show(_ function: FunctionSpec, _ page: inout MarkdownPage) {
        let text = FunctionText(spec: function)
        page.heading(4, "`\(text.signature)`")
        page.text(function.prose + since(function.since))
        let result = function.result.map { "returns `\($0)`" }
        let waits = function.yields ? "waits" : nil
        let notes = [result, waits, text.condition, text.failures].compactMap { $0 }.joined(separator: " · ")
        if !notes.isEmpty { page.text("*\(notes.prefix(1).uppercased() + notes.dropFirst())*") }
        page.list(
            function.parameters.flatMap { parameter in
                parameter.options.isEmpty
                    ? ["`\(parameter.name)` (`\(parameter.type)`): \(parameter.prose)"]
                    : parameter.options.map { "`\(parameter.name).\($0.name)` (`\($0.type)`): \($0.prose)" }
            })
    }

    private static func errors(_ page: inout MarkdownPage) {
        page.heading(2, "Errors")
        page.text(ReferenceText.errors)
        page.fragment(ReferenceExamples.errors)
        page.table(["code", "meaning"], ErrorCodeSpec.all.map { ["`\($0.name)`", $0.prose] })
    }

    private static func annotations(_ page: inout MarkdownPage) {
        page.heading(2, "Annotations are schemas")
        page.text(ReferenceText.annotations)
        page.flow(ReferenceExamples.annotations)
        page.text(ReferenceText.types)
        page.table(
            ["annotation", "JSON Schema", ""],
            TypeTable(declarations: ReferenceExamples.annotations).rows.map {
                ["`\($0.annotation)`", "`\($0.schema)`", $0.prose]
            })
        page.text(ReferenceText.otherAnnotations)
    }

    private static func limits(_ page: inout MarkdownPage) {
        page.heading(2, "Limits")
        page.text(ReferenceText.limits)
        page.table(["limit", "of what"], LimitTable().rows.map { [$0.value, $0.prose] })
    }

    /// Tables of the records that types name and that no earlier part of the page has shown.
    private static func records(named types: [String], _ page: inout MarkdownPage) {
        for record in RecordSpec.all where !record.fields.isEmpty {
            guard types.contains(where: { names(in: $0).contains { $0 == record.name } }), page.show(record.name) else {
                continue
            }
            page.text("**`\(record.name)`**: \(record.prose)")
            page.table(["field", "type", "meaning"], record.fields.map { ["`\($0.name)`", "`\($0.type)`", $0.prose] })
            records(named: record.fields.map(\.type), &page)
        }
    }

    /// The words of a type: `moonline.Stats` of `moonline.Stats[]?`.
    private static func names(in type: String) -> [Substring] {
        type.split { !$0.isLetter && !$0.isNumber && $0 != "." && $0 != "_" }
    }

    /// Said of what the first version had not.
    private static func since(_ version: String) -> String { version == "0.1" ? "" : " Since \(version)." }
}

/// The text of a Markdown page, part by part.
package struct MarkdownPage {
    private var parts: [String] = []
    private var shown: Set<String> = []

    package init() {}

    package var text: String { parts.joined(separator: "\n\n") + "\n" }

    package mutating func heading(_ level: Int, _ title: String) {
        parts.append(String(repeating: "#", count: level) + " " + title)
    }

    package mutating func text(_ text: String) { if !text.isEmpty { parts.append(text) } }

    package mutating func list(_ lines: [String]) {
        if !lines.isEmpty { parts.append(lines.map { "- " + $0 }.joined(separator: "\n")) }
    }

    package mutating func table(_ columns: [String], _ rows: [[String]]) {
        let lines = [columns, columns.map { _ in "---" }] + rows.map { $0.map(\.inTable) }
        parts.append(lines.map { "| " + $0.joined(separator: " | ") + " |" }.joined(separator: "\n"))
    }

    /// A whole file.
    package mutating func flow(_ lua: String) { parts.append("```lua\n\(lua)\n```") }

    /// The inside of a handler.
    mutating func fragment(_ lua: String?) {
        if let lua { parts.append("```lua handler\n\(lua)\n```") }
    }

    /// - Returns: Whether it is the first time that the name is shown.
    mutating func show(_ name: String) -> Bool { shown.insert(name).inserted }
}
