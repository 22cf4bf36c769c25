extension ChunkCheck {
    /// Names and parameters in the agent's table.
    mutating func checkAgent() {
        guard !api.handlers.isEmpty else { return }
        for (name, value, function) in values.agentFields {
            if let handler = api.handlers[name.text] {
                if let function = function ?? value.flatMap({ values[$0].function }) {
                    checkParameters(of: function, name.text, handler)
                }
                continue
            }
            guard !api.agentFields.contains(name.text) else { continue }
            let handlers = api.handlers.keys.sorted()
            let fields = api.agentFields.sorted()
            let isHandler = name.text.hasPrefix("on_") || name.text.hasPrefix("before_")
            let near = suggestion(for: name.text, among: handlers + fields)
            report(
                .error, .unknownHandler, name.range,
                "unknown \(isHandler ? "handler" : "field") '\(name.text)'\(near)",
                hint: isHandler
                    ? "handlers are \(handlers.joined(separator: ", "))"
                    : "fields are \(fields.joined(separator: ", ")), and the handlers")
        }
    }

    private mutating func checkParameters(
        of id: FunctionID, _ name: String, _ handler: APIDescription.Handler
    ) {
        let function = chunk[id]
        let own = (function.selfVariable == nil ? 0 : 1)
        let surplus = function.parameters.dropFirst(max(0, handler.parameters.count - own))
        guard let first = surplus.first, let last = surplus.last else { return }
        let names = surplus.map { "'\(chunk[$0].name)'" }.joined(separator: ", ")
        report(
            .warning, .redundantHandlerParameter, SourceRange(chunk[first].range.start, chunk[last].range.end),
            "\(names) will be nil: '\(name)' is passed \(handler.parameters.count == 1 ? "one argument" : "\(handler.parameters.count) arguments")",
            hint: "\(name) = function(\(handler.parameters.joined(separator: ", "))) … end")
    }
}
