extension ChunkCheck {
    /// Locals that nobody reads, and labels to which nothing leads.
    ///
    /// Parameters and the variables of loops are there for their position, so they are left alone; so is a variable
    /// that gets a value from the same call as one that is read.
    mutating func checkUnused() {
        for variable in chunk.variables where variable.reads == 0 {
            guard !variable.name.hasPrefix("_"), variable.attribute != .toBeClosed,
                !meantNames.contains(variable.name)
            else { continue }
            switch variable.kind {
            case .local:
                if let shared = variable.sharedWith, chunk.variables[shared].contains(where: { $0.reads > 0 }) {
                    continue
                }
                let isFunction = variable.initializer.map { values[$0].function != nil } ?? false
                report(
                    .warning, isFunction ? .unusedFunction : .unusedLocal, variable.range,
                    variable.writes == 0
                        ? "local '\(variable.name)' is never used"
                        : "local '\(variable.name)' is assigned to, and never read",
                    hint: "remove it, or name it '_\(variable.name)'")
            case .localFunction:
                report(
                    .warning, .unusedFunction, variable.range, "local function '\(variable.name)' is never used",
                    hint: "remove it, or name it '_\(variable.name)'")
            case .parameter, .receiver, .loop: continue
            }
        }
        for label in chunk.labels where !label.isUsed {
            report(.warning, .unusedLabel, label.name.range, "no goto leads to the label '\(label.name.text)'")
        }
    }

    /// Statements behind `break` or `goto` in the same block.
    mutating func checkUnreachable() {
        for block in chunk.blocks {
            for (id, next) in zip(block.statements, block.statements.dropFirst()) {
                let code: LuaDiagnostic.Code
                let word: String
                switch chunk[id].kind {
                case .break: (code, word) = (.codeAfterBreak, "break")
                case .goto: (code, word) = (.unreachableCode, "goto")
                default: continue
                }
                switch chunk[next].kind {
                case .label, .empty: continue
                default:
                    report(
                        .warning, code, chunk[next].range, "this is never reached, because '\(word)' stands before it")
                }
            }
        }
    }
}
