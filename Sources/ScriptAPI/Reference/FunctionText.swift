import Conversation

/// How a function's declaration reads in text.
struct FunctionText {
    let spec: FunctionSpec

    /// `call:say`, `time.format`.
    var path: String {
        switch spec.receiver {
        case .call: "call:\(spec.name)"
        case .module(let module): "\(module).\(spec.name)"
        }
    }

    /// `call:say(text, options?)`.
    var signature: String {
        path + "(" + spec.parameters.map { $0.name + ($0.isOptional ? "?" : "") }.joined(separator: ", ") + ")"
    }

    /// The class of a table of named options: `moonline.SayOptions`.
    var optionsClass: String {
        let words = spec.name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }
        let owner =
            switch spec.receiver {
            case .call, .module("moonline"): "moonline"
            case .module(let module): module
            }
        return "\(owner).\(words.joined())Options"
    }

    /// `while the call is early or active`; `nil` where nothing is to be said.
    var condition: String? {
        switch spec.permission {
        case .always, .inHandlers: return nil
        case .whileLoading: return "only in the flow's file itself, not in a handler"
        case .whileCall(let statuses):
            // Of a call that has ended every function says so by its code.
            let alive: [CallFacts.Status] = [.dialing, .ringing, .early, .active]
            let names = alive.filter { statuses.contains($0) }.map { "`\($0.rawValue)`" }
            return names.count == alive.count ? nil : "while the call is \(names.joined(separator: " or "))"
        }
    }

    /// `fails with call_ended, refused`; `nil` for a function that cannot fail.
    var failures: String? {
        spec.errors.isEmpty ? nil : "fails with " + spec.errors.map { "`\($0.rawValue)`" }.joined(separator: ", ")
    }
}

extension String {
    /// A type that may be `nil` too.
    package var orNil: String {
        if self == "any" || hasSuffix("?") || hasSuffix("|nil") { return self }
        return contains("|") || contains(" ") ? self + "|nil" : self + "?"
    }

    /// In bars of a Markdown table.
    var inTable: String { replacing("|", with: "\\|") }
}
