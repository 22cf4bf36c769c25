extension ChunkCheck {
    mutating func checkMember(_ name: String, at range: SourceRange, of base: ExpressionID, _ id: ExpressionID) {
        let isTarget = globals.isTarget[id.index]
        switch values[base] {
        case .member(.table(let members), let path):
            if isTarget {
                report(
                    .error, .readOnly, range, "\(title(path)) is read-only",
                    hint: "keep '\(name)' in a local, or in a table of your own")
            } else if members[name] == nil {
                reportMissing(name, range, of: title(path), among: members.keys.sorted(), id, hint: hint(name, path))
            }
        case .call:
            if isTarget {
                checkCallAssignment(name, range)
            } else if api.call.methods[name] == nil, !api.call.fields.contains(name) {
                reportMissing(name, range, of: "'call'", among: callMembers, id)
            }
        default: break
        }
    }

    private var callMembers: [String] { api.call.fields.sorted() + api.call.methods.keys.sorted() }

    /// As messages call a table: the library 'string', or the module 'http'.
    func title(_ path: String) -> String { (isLua(path) ? "library" : "module") + " '\(path)'" }

    private func isLua(_ path: String) -> Bool {
        path.split(separator: ".").first.map { api.globals[String($0)] != nil } ?? false
    }

    private func hint(_ name: String, _ path: String) -> String? {
        switch (path, name) {
        case ("string", "split"): "use string.gmatch: `for word in text:gmatch(\"[^,]+\") do`"
        case ("string", "trim"): "use `text:match(\"^%s*(.-)%s*$\")`"
        case ("string", "dump"): "scripts cannot make bytecode"
        case ("string", "contains"): "use `text:find(part, 1, true)`"
        case ("table", "getn"), ("table", "length"), ("table", "size"): "the length of t is #t"
        case ("math", "pow"): "write x ^ y"
        case ("math", "round"): "write math.floor(x + 0.5)"
        default: nil
        }
    }

    private mutating func reportMissing(
        _ name: String, _ range: SourceRange, of what: String, among known: [String], _ id: ExpressionID?,
        hint: String? = nil
    ) {
        let near = suggestion(for: name, among: known)
        if let id, globals.isTested[id.index], near.isEmpty { return }
        report(.error, .undefinedField, range, "\(what) has no member '\(name)'\(near)", hint: hint)
    }

    private mutating func checkCallAssignment(_ name: String, _ range: SourceRange) {
        guard !api.call.assignableFields.contains(name) else { return }
        let near = suggestion(for: name, among: api.call.assignableFields)
        report(
            .error, .readOnly, range, "call.\(name) cannot be assigned to\(near)",
            hint: api.call.assignableFields.contains("state")
                ? "keep values of your own in call.state: `call.state.\(name) = …`" : nil)
    }

    // MARK: Calls

    mutating func checkCall(_ id: ExpressionID, of callee: ExpressionID, _ arguments: [ExpressionID]) {
        switch values[callee] {
        case .member(.function(let function), let path):
            check(arguments, of: function, path, id, isHost: !isLua(path))
        case .callMethod(let name):
            guard let function = api.call.methods[name] else { return }
            guard let first = arguments.first, values[first] == .call || chunk[first].isOpen && arguments.count == 1
            else {
                report(
                    .error, .missingColon, chunk[callee].range, "'\(name)' is a method of the call",
                    hint: "call it with a colon: `\(receiver(of: callee)):\(name)\(function.signature)`")
                return
            }
            if values[first] == .call { check(Array(arguments.dropFirst()), of: function, "call:" + name, id) }
        case .function(let function): checkOwnCall(callee, of: function, arguments)
        default: break
        }
    }

    private func receiver(of callee: ExpressionID) -> String {
        guard case .member(let base, _) = chunk[callee].kind else { return "call" }
        return String(chunk.text(chunk[base].range).prefix(60))
    }

    mutating func checkMethodCall(
        _ id: ExpressionID, on receiver: ExpressionID, _ name: Name, _ arguments: [ExpressionID]
    ) {
        switch values[receiver] {
        case .call:
            if let function = api.call.methods[name.text] {
                check(arguments, of: function, "call:" + name.text, id)
            } else if api.call.fields.contains(name.text) {
                report(
                    .error, .redundantColon, name.range, "'\(name.text)' is a field of the call, not a method",
                    hint: "read it with a dot: `call.\(name.text)`")
            } else {
                reportMissing(name.text, name.range, of: "'call'", among: callMembers, nil)
            }
        case .member(.table(let members), let path):
            if let member = members[name.text] {
                guard case .function(let function) = member else { return }
                report(
                    .error, .redundantColon, name.range, "'\(path).\(name.text)' is not a method",
                    hint: "call it with a dot: `\(chunk.text(chunk[receiver].range).prefix(60)).\(name.text)"
                        + "\(function.signature)`")
            } else {
                reportMissing(
                    name.text, name.range, of: title(path), among: members.keys.sorted(), nil,
                    hint: hint(name.text, path))
            }
        case .text:
            guard case .table(let members) = api.globals["string"] else { return }
            guard let member = members[name.text] else {
                reportMissing(
                    name.text, name.range, of: "a string", among: members.keys.sorted(), nil,
                    hint: hint(name.text, "string"))
                return
            }
            if case .function(let function) = member {
                check([receiver] + arguments, of: function, "string." + name.text, id, isHost: false)
            }
        default: break
        }
    }

    private mutating func check(
        _ arguments: [ExpressionID], of function: APIDescription.Function, _ path: String, _ id: ExpressionID,
        isHost: Bool = true
    ) {
        let isOpen = arguments.last.map { chunk[$0].isOpen } ?? false
        let certain = arguments.count - (isOpen ? 1 : 0)
        let signature = "\(path)\(function.signature)"
        if certain < function.required, !isOpen {
            let missing = function.parameters[certain..<function.required].map { "'\($0)'" }.joined(separator: ", ")
            let end = chunk[id].range.end
            var last = end
            last.offset = max(0, end.offset - 1)
            last.column = max(1, end.column - 1)
            report(
                .error, .missingArgument, SourceRange(last, end), "'\(path)' needs \(missing)", hint: signature)
        } else if let maximum = function.maximum, certain > maximum {
            let range = SourceRange(chunk[arguments[maximum]].range.start, chunk[arguments[certain - 1]].range.end)
            let takes = maximum == 0 ? "no argument" : maximum == 1 ? "one argument" : "\(maximum) arguments"
            report(
                isHost ? .error : .warning, .redundantArgument, range, "'\(path)' takes \(takes), and gets \(certain)",
                hint: signature)
        }
    }

    /// A call of a function of this chunk, which takes fewer arguments without complaint.
    private mutating func checkOwnCall(
        _ callee: ExpressionID, of id: FunctionID, _ arguments: [ExpressionID]
    ) {
        let function = chunk[id]
        guard case .local(let variable) = chunk[callee].kind, !function.isVararg else { return }
        let certain = arguments.count - (arguments.last.map { chunk[$0].isOpen } ?? false ? 1 : 0)
        let maximum = function.parameters.count + (function.selfVariable == nil ? 0 : 1)
        guard certain > maximum else { return }
        let range = SourceRange(chunk[arguments[maximum]].range.start, chunk[arguments[certain - 1]].range.end)
        let name = chunk[variable].name
        let takes = maximum == 0 ? "no argument" : maximum == 1 ? "one argument" : "\(maximum) arguments"
        report(
            .warning, .redundantArgument, range, "'\(name)' takes \(takes), and gets \(certain)",
            notes: [.init(range: chunk[variable].range, message: "'\(name)' is declared here")])
    }
}
