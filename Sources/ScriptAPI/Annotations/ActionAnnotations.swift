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
        let comment = source.comment(above: function.line)
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
        if comment.description.isEmpty {
            report(
                "action '\(name)' has no description",
                hint: "write `---What it does, and when to use it.` above the function; the model is told just that")
        }
        let annotated = properties(of: name, parameters, comment, source, override != nil, &diagnostics)
        if let override {
            let known = override["properties"]?.object?.keys ?? []
            for parameter in parameters where !known.contains(parameter) {
                report(
                    "the schema of action '\(name)' has no property '\(parameter)'"
                        + suggestion(for: parameter, among: known),
                    hint: "parameters of the function and properties of the schema must have the same names")
            }
            return (comment.description, ActionSignature(parameters: parameters, schema: override))
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
        return (comment.description, ActionSignature(parameters: parameters, schema: schema))
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
        for tag in comment.tags where tag.name == "param" || tag.name == "return" {
            var scanner = tag.scanner
            var name: String?
            do throws(AnnotationProblem) {
                if tag.name == "return" {
                    let column = scanner.column
                    if !isOverridden { _ = try types.schema(of: try scanner.type(), column: column) }
                    continue
                }
                let nameColumn = scanner.column
                name = scanner.name()
                guard let name else {
                    throw AnnotationProblem(
                        column: nameColumn, message: "the parameter has no name",
                        hint: "write `---@param name type  description`")
                }
                let hasMark = scanner.take("?")
                guard parameters.contains(name) else {
                    throw AnnotationProblem(
                        column: nameColumn,
                        message: "action '\(action)' has no parameter '\(name)'"
                            + suggestion(for: name, among: parameters),
                        hint: parameters.isEmpty
                            ? "it takes none" : "its parameters are \(parameters.joined(separator: ", "))")
                }
                guard result.properties[name] == nil else {
                    throw AnnotationProblem(
                        column: nameColumn, message: "parameter '\(name)' is annotated twice", hint: "keep one")
                }
                scanner.skipSpaces()
                let column = scanner.column
                let type = try scanner.type()
                var schema = try types.schema(of: type, column: column)
                let prose = scanner.prose()
                if !prose.isEmpty { schema["description"] = .string(prose) }
                result.properties[name] = schema
                if hasMark || type.isOptional { result.optional.insert(name) }
            } catch {
                if let name { result.failed.insert(name) }
                diagnostics.append(FlowDiagnostic(source.chunkName, line: tag.line, error))
            }
        }
        return result
    }
}
