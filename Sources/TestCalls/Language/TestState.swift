import LuaRuntime
import SansIO
import ScriptAPI

/// A test as `t.test` or `t.each` declared it.
struct TestDeclaration {
    let name: String
    /// Of the call of `t.test`, from 1.
    let line: Int
    let options: TestOptions
    let function: LuaReference
    /// `t.each`: the case, which the function gets behind callee and agent.
    let parameter: LuaValue?
}

/// A state of Lua in which a test file has run.
///
/// What its host functions work on. The state's host functions hold it weakly, and it holds the state.
final class TestState {
    let state: LuaState
    private(set) var callee: LuaReference?
    private(set) var agent: LuaReference?
    private(set) var declarations: [TestDeclaration] = []
    /// The files that were required, by name.
    private(set) var modules: [String: TestText.Module] = [:]
    /// Whether the file itself still runs.
    private(set) var isLoading = true
    /// What the test's function waits for, taken by the interpreter.
    var pending: Statement?
    /// What the callee was told without waiting, taken by the interpreter.
    var instructions: [CalleeInstruction] = []
    /// `t.never` and `t.latency` of the running test, in order.
    var checks: [DeferredCheck] = []
    /// What the file prints, line by line.
    private(set) var printed: [String] = []
    /// Of the tests that are declared next.
    private(set) var defaults = TestOptions()
    private let json: JSONModule
    private var library: LuaReference?
    private var find: LuaReference?
    private var functionsOf: [TestFunctionSpec.Receiver: LuaReference] = [:]
    /// The first pattern that was no pattern, and why.
    private(set) var patternFault: String?
    private let text: TestText

    /// Runs the file.
    ///
    /// - Parameter module: Finds what `require` asks for and is not the host's.
    /// - Throws: what the file does wrong.
    init(
        _ text: TestText, seed: UInt64, limits: LuaLimits, module: @escaping (String) -> TestText.Module?
    ) throws(TestFileError) {
        self.text = text
        do throws(LuaFault) {
            state = try LuaState(limits: limits, randomSeed: seed)
        } catch {
            throw TestFileError(error, in: text)
        }
        json = JSONModule(state: state)
        let binding = TestBinding(self)
        let table = state.makeTable(of: TestFunctionSpec.tables[.module] ?? LuaFunctionTable([]), owner: binding)
        library = state.makeProtected(table, name: "moonline.test")
        for receiver in TestFunctionSpec.Receiver.allCases {
            guard let functions = TestFunctionSpec.tables[receiver] else { continue }
            let reference = receiver == .module ? table : state.makeTable(of: functions, owner: binding)
            functionsOf[receiver] = reference
            switch receiver {
            case .module: break
            case .callee: callee = makeObject(receiver, functions: reference)
            case .agent: agent = makeObject(receiver, functions: reference)
            }
        }
        state.hostModule = { [unowned self] name in
            switch name {
            case "moonline.test": library.map { .table($0) }
            case "json": json.make()
            default: nil
            }
        }
        state.moduleSource = { [unowned self] name in
            guard let found = module(name) else {
                if name == "moonline" {
                    return .missing(
                        "module 'moonline' is for flows: this file is one, or a test that requires one. Play the file "
                            + "that tests it, which says so by the option 'flow' or by having its name")
                }
                return .missing(
                    "module '\(name)' not found: tests may require 'moonline.test', 'json' and .lua files below their "
                        + "own folder, named like 'folder.file'")
            }
            modules[name] = found
            return .text(found.bytes, chunkName: found.chunkName)
        }
        state.printed = { [unowned self] line in if printed.count < 1_000 { printed.append(line) } }
        do throws(LuaFault) {
            find = try Self.function("return string.find", in: state)
            switch state.start(try state.load(text.bytes, chunkName: text.chunkName)) {
            case .returned: break
            case .failed(let fault): throw fault
            case .yielded(let coroutine):
                state.close(coroutine)
                throw LuaFault(kind: .error, message: "\(text.chunkName): the file waits while it is loaded")
            }
        } catch {
            throw TestFileError(error, in: text)
        }
        isLoading = false
    }

    /// A table that has the functions, cannot be changed, and says what is near to a name that it has not.
    private func makeObject(_ receiver: TestFunctionSpec.Receiver, functions: LuaReference) -> LuaReference {
        let known = state.fieldNames(of: functions)
        // The state must not hold a reference to itself.
        let index = state.makeFunction { [unowned self] arguments in
            guard let name = arguments[2].text, let functions = functionsOf[receiver] else { return .values([.nil]) }
            if known.contains(name) { return .values([state.field(name, of: functions)]) }
            return .raise("\(receiver.rawValue) has no function '\(name)'\(suggestion(for: name, among: known))")
        }
        let refuse = state.makeFunction { _ in .raise("\(receiver.rawValue) cannot be changed") }
        let metatable = state.makeTable()
        state.setField("__index", of: metatable, to: .function(index))
        state.setField("__newindex", of: metatable, to: .function(refuse))
        state.setField("__metatable", of: metatable, to: .boolean(false))
        let object = state.makeTable()
        state.setMetatable(metatable, of: object)
        return object
    }

    private static func function(_ source: String, in state: LuaState) throws(LuaFault) -> LuaReference? {
        guard case .returned(let values) = state.start(try state.load(Array(source.utf8), chunkName: "host")),
            case .function(let function)? = values.first
        else { return nil }
        return function
    }

    /// What the test's function waits for.
    func takePending() -> Statement? {
        defer { pending = nil }
        return pending
    }

    func takeInstructions() -> [CalleeInstruction] {
        defer { instructions.removeAll() }
        return instructions
    }

    func takeChecks() -> [DeferredCheck] {
        defer { checks.removeAll() }
        return checks
    }

    func takePrinted() -> [String] {
        defer { printed.removeAll() }
        return printed
    }

    func declare(_ declaration: TestDeclaration) { declarations.append(declaration) }

    func setDefaults(_ options: TestOptions) { defaults = options }

    /// Whether a value is one of the functions of `callee` or `agent`.
    ///
    /// - Returns: The function's name.
    func name(of function: LuaReference, of receiver: TestFunctionSpec.Receiver) -> String? {
        guard let functions = functionsOf[receiver] else { return nil }
        return state.fieldNames(of: functions).first { name in
            guard case .function(let candidate) = state.field(name, of: functions) else { return false }
            return state.isSame(candidate, function)
        }
    }
}

extension TestState: PatternMatching {
    func matches(_ pattern: String, in text: String) -> Bool {
        guard let find else { return false }
        switch state.start(find, arguments: [.string(text), .string(pattern)]) {
        case .returned(let values):
            if case .nil? = values.first { return false }
            return !values.isEmpty
        case .failed(let fault):
            if patternFault == nil { patternFault = "the pattern \(quoted(pattern)): \(fault.message)" }
            return false
        case .yielded(let coroutine):
            state.close(coroutine)
            return false
        }
    }
}

/// What the host functions of one state find as their owner. The state holds it, and ``TestState`` holds the state.
final class TestBinding {
    private(set) weak var state: TestState?

    init(_ state: TestState) {
        self.state = state
    }
}

extension TestFileError {
    init(_ fault: LuaFault, in text: TestText) {
        self.init(file: text.path, message: fault.message, traceback: fault.traceback)
        let place = SourcePlace(of: fault)
        line = place?.file == text.chunkName ? place?.line : nil
        // The place stands in front of the message as the error shows it already.
        if let line, message.hasPrefix("\(text.chunkName):\(line): ") {
            message = String(message.dropFirst("\(text.chunkName):\(line): ".count))
        }
    }
}

/// A line of a script.
struct SourcePlace: Hashable, Sendable {
    /// The chunk's name.
    var file: String
    /// From 1.
    var line: Int

    init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    /// Where a fault happened, as its message says, or else the innermost function.
    init?(of fault: LuaFault) {
        if let match = fault.message.prefixMatch(of: #/([^:\n]+):(\d+): /#), let line = Int(match.2) {
            self.init(file: String(match.1), line: line)
        } else if let file = fault.file, let line = fault.line {
            self.init(file: file, line: line)
        } else {
            return nil
        }
    }
}
