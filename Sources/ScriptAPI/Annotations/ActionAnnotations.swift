import LuaRuntime
import SansIO

/// Turns the annotations above an action into its description and its JSON Schema.
struct ActionAnnotations {
    let types: DeclaredTypes

    /// - Parameters:
    ///   - override: What `CallActions.schemas` has for the action.
    ///   - diagnostics: Receives what is missing, unknown or contradictory.
    func read(
        _ name: String, _ function: LuaFunctionDescription, in source: AnnotatedSource, override: JSON?,
        diagnostics: inout [FlowDiagnostic]
    ) -> (description: String, signature: ActionSignature) {
        var comment = source.comment(above: function.line)
        let column = source.column(of: name, inLine: function.line)
        var parameters = function.parameters
        func report(_ message: String, hint: String) {
            diagnostics.append(
                FlowDiagnostic(
                    file: source.chunkName, line: function.line, column: column, message: message, hint: hint))
        }
        if parameters.first == "self" {
            parameters.removeFirst()
        } else {
            report(
                "action '\(name)' does not take 'self'",
                hint: "write `function CallActions:\(name)(\(parameters.joined(separator: ", ")))`, with a colon")
        }
        if function.isVariadic {
            report("action '\(name)' takes '...', for which there is no schema", hint: "name each parameter")
        }
        if comment.firstLine == 0, let above = source.separatedComment(above: function.line) {
            comment = above
            report(
                "a blank line separates action '\(name)' from its comment",
                hint: "remove the blank line below line \(above.lastLine); the model is told the comment")
        } else if comment.description.isEmpty {
            let hasProseBelow = comment.tags.contains { !$0.following.joined().isEmpty }
            report(
                "action '\(name)' has no description",
                hint: hasProseBelow
                    ? "move the text above the first ---@ line; below it, it belongs to the annotation"
                    : "write `---What it does, and when to use it.` above the function; the model is told just that")
        }
        let annotated = properties(of: name, parameters, comment, source, override != nil, &diagnostics)
        let description = Self.description(comment)
        if let override {
            let known = override["properties"]?.object?.keys ?? []
            for parameter in parameters where !known.contains(parameter) {
                report(
                    "the schema of action '\(name)' has no property '\(parameter)'"
                        + suggestion(for: parameter, among: known),
                    hint: "parameters of the function and properties of the schema must have the same names")
            }
            return (description, ActionSignature(parameters: parameters, schema: override))
        }
        for parameter in parameters
        where annotated.properties[parameter] == nil && !annotated.failed.contains(parameter) {
            report(
                "parameter '\(parameter)' of action '\(name)' has no annotation",
                hint: "write `---@param \(parameter) string  What it is` above the function")
        }
        let required = parameters.filter { annotated.properties[$0] != nil && !annotated.optional.contains($0) }
        let schema: JSON = [
            "type": "object",
            "properties": .object(
                JSONObject(
                    members: parameters.compactMap { parameter in
                        annotated.properties[parameter].map { (parameter, $0) }
                    })),
            "required": .array(required.map { .string($0) }), "additionalProperties": false,
        ]
        return (description, ActionSignature(parameters: parameters, schema: schema))
    }

    /// What the model is told, a deprecation included.
    private static func description(_ comment: DocumentationComment) -> String {
        guard let index = comment.tags.firstIndex(where: { $0.name == "deprecated" }) else {
            return comment.description
        }
        var scanner = comment.tags[index].scanner
        let reason = [scanner.prose(), comment.prose(ofTag: index)].filter { !$0.isEmpty }.joined(separator: " ")
        return [comment.description, reason.isEmpty ? "Deprecated." : "Deprecated: \(reason)"]
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private struct Properties {
        var properties: [String: JSON] = [:]
        var optional: Set<String> = []
        /// Parameters whose annotation is there but wrong.
        var failed: Set<String> = []
    }

    private func properties(
        of action: String, _ parameters: [String], _ comment: DocumentationComment, _ source: AnnotatedSource,
        _ isOverridden: Bool, _ diagnostics: inout [FlowDiagnostic]
    ) -> Properties {
        var result = Properties()
        var writer = SchemaWriter(types: types)
        for (index, tag) in comment.tags.enumerated() {
            var name: String?
            do throws(AnnotationProblem) {
                switch tag.name {
                case "param":
                    var scanner = tag.scanner
                    let column = scanner.column
                    name = scanner.name()
                    if name == "self" { continue }
                    let prose = comment.prose(ofTag: index)
                    try check(name, at: column, hasRest: scanner.has("..."), action, parameters, in: result)
                    guard let name else { continue }
                    try property(name, tag, &scanner, prose: prose, isOverridden, &writer, &result)
                case "return": if !isOverridden { try checkResult(tag, &writer) }
                default: try Self.check(tag, of: action)
                }
            } catch {
                if let name { result.failed.insert(name) }
                let diagnostic = FlowDiagnostic(source.chunkName, line: tag.line, error)
                if !diagnostics.contains(diagnostic) { diagnostics.append(diagnostic) }
            }
        }
        return result
    }

    private func check(
        _ name: String?, at column: Int, hasRest: Bool, _ action: String, _ parameters: [String], in known: Properties
    ) throws(AnnotationProblem) {
        guard let name else {
            throw AnnotationProblem(
                column: column, message: hasRest ? "there is no schema for '...'" : "the parameter has no name",
                hint: hasRest ? "name each parameter" : "write `---@param name type  description`")
        }
        guard parameters.contains(name) else {
            throw AnnotationProblem(
                column: column,
                message: "action '\(action)' has no parameter '\(name)'" + suggestion(for: name, among: parameters),
                hint: parameters.isEmpty ? "it takes none" : "its parameters are \(parameters.joined(separator: ", "))")
        }
        guard known.properties[name] == nil, !known.failed.contains(name) else {
            throw AnnotationProblem(column: column, message: "parameter '\(name)' is annotated twice", hint: "keep one")
        }
    }

    private func property(
        _ name: String, _ tag: DocumentationComment.Tag, _ scanner: inout AnnotationScanner, prose below: String,
        _ isOverridden: Bool, _ writer: inout SchemaWriter, _ result: inout Properties
    ) throws(AnnotationProblem) {
        let hasMark = scanner.take("?")
        scanner.skipSpaces()
        let column = scanner.column
        let (type, notes) = try DeclaredTypes.typeAndNotes(of: tag, &scanner)
        if isOverridden {
            result.properties[name] = [:]
            return
        }
        var schema = try writer.schema(of: type, column: column)
        guard schema != ["type": "null"] else {
            throw AnnotationProblem(
                column: column, message: "parameter '\(name)' can only be nil", hint: "take it away, or write T?")
        }
        let prose = DeclaredTypes.joined([scanner.prose(), below], notes)
        if !prose.isEmpty { schema["description"] = .string(prose) }
        result.properties[name] = schema
        if hasMark || writer.isOptional(type) { result.optional.insert(name) }
    }

    /// The first value is what the model is told; further ones are for the author.
    private func checkResult(
        _ tag: DocumentationComment.Tag, _ writer: inout SchemaWriter
    ) throws(AnnotationProblem) {
        var scanner = tag.scanner
        let column = scanner.column
        if scanner.has("...") { return }
        let type = try scanner.type()
        if case .named(let name, _) = type, name.hasPrefix("moonline.") { return }
        _ = try writer.schema(of: type, column: column)
        while scanner.take(",") { _ = try scanner.type() }
    }

    /// What contradicts a schema, or the action's being one.
    private static func check(_ tag: DocumentationComment.Tag, of action: String) throws(AnnotationProblem) {
        let (message, hint): (String, String)
        switch tag.name {
        case "overload":
            (message, hint) = (
                "an action has one signature", "write parameters that may be left out: ---@param name? type"
            )
        case "generic":
            (message, hint) = ("a schema knows no generics", "write the type itself, or `any`")
        case "vararg":
            (message, hint) = ("there is no schema for '...'", "name each parameter, or take a list: T[]")
        case "private", "protected", "package":
            (message, hint) = (
                "action '\(action)' is marked @\(tag.name), and the model could call it",
                "begin its name with '_', or take the mark away"
            )
        default: return
        }
        throw AnnotationProblem(column: tag.column, message: message, hint: hint)
    }
}
