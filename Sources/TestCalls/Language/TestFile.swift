public import LuaRuntime
import ScriptAPI

/// A file of tests: its text, and the tests that it declares.
public struct TestFile: Sendable {
    public let path: String
    /// In the order of their declaration; their names differ.
    public let tests: [TestCase]

    /// What a test file may use while it is loaded, and a test's function from one statement to the next.
    public static let limits = LuaLimits(instructions: 50_000_000, processorTime: .seconds(1))

    /// Reads a file and runs it once, to learn of its tests.
    ///
    /// `require` finds `moonline.test`, `json`, and `.lua` files below the file's folder. Their texts are kept: a run
    /// of a test reads no file.
    /// - Throws: ``TestFileError``: it cannot be read, is no Lua, fails, does not end, declares no test, or two of one
    ///   name.
    public static func load(path: String, limits: LuaLimits = limits) throws(TestFileError) -> TestFile {
        let source: FlowSource
        do throws(FlowError) {
            source = try FlowFolder(of: path, maximumBytes: maximumBytes).main()
        } catch {
            throw TestFileError(file: path, message: error.diagnostics.first?.message ?? "cannot read the file")
        }
        return try load(path: path, source: source.bytes, limits: limits)
    }

    /// Runs a file's text once, to learn of its tests.
    ///
    /// - Parameter path: Where the text comes from: what messages show, and where `require` looks for other files.
    public static func load(
        path: String, source: [UInt8], limits: LuaLimits = limits
    ) throws(TestFileError) -> TestFile {
        let folder = FlowFolder(of: path, maximumBytes: maximumBytes)
        let text = TestText(path: path, bytes: source)
        let state = try TestState(text, seed: 0, limits: limits) { name in
            do throws(FlowError) {
                let module = try folder.module(name)
                return TestText.Module(chunkName: module.chunkName, bytes: module.bytes)
            } catch {
                return nil
            }
        }
        let whole = TestText(path: path, bytes: source, modules: state.modules)
        guard !state.declarations.isEmpty else {
            throw TestFileError(
                file: path,
                message: "the file declares no test: write t.test(\"what it shows\", function(callee, agent) … end)")
        }
        var lines: [String: Int] = [:]
        for declaration in state.declarations {
            if let first = lines.updateValue(declaration.line, forKey: declaration.name) {
                throw TestFileError(
                    file: path, line: declaration.line,
                    message: "there is a test of the name \(quoted(declaration.name)) already, in line \(first)")
            }
        }
        return TestFile(
            path: path,
            tests: state.declarations.enumerated().map { index, declaration in
                TestCase(declaration, index: index, text: whole, limits: limits)
            })
    }

    private init(path: String, tests: [TestCase]) {
        self.path = path
        self.tests = tests
    }

    /// Length of one file. [byte]
    private static let maximumBytes = 1 << 20
}

/// Why a file of tests cannot be used, or a test cannot begin.
public struct TestFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The path as it was given.
    public var file: String
    /// From 1, where it is known.
    public var line: Int?
    public var message: String
    /// Lua's own; empty where nothing ran.
    public var traceback: String

    public init(file: String, line: Int? = nil, message: String, traceback: String = "") {
        self.file = file
        self.line = line
        self.message = message
        self.traceback = traceback
    }

    public var description: String { "\(file):\(line.map { "\($0):" } ?? "") \(message)" }
}

/// One test of a file, with all that is needed to run it: each run loads the file anew, in a state of its own.
public struct TestCase: Sendable {
    /// What names a test in reports.
    public struct Identity: Hashable, Sendable {
        public var name: String
        public var file: String
        /// From 1.
        public var line: Int

        public init(name: String, file: String, line: Int) {
            self.name = name
            self.file = file
            self.line = line
        }
    }

    public let identity: Identity
    public internal(set) var options: TestOptions
    /// Whether the file asks anywhere what the callee's recogniser understood.
    public let usesRecognition: Bool
    /// Which of the file's declarations it is.
    let index: Int
    let text: TestText
    let limits: LuaLimits

    public var name: String { identity.name }
    /// The path as it was given.
    public var file: String { identity.file }
    /// Of its declaration, from 1.
    public var line: Int { identity.line }

    init(_ declaration: TestDeclaration, index: Int, text: TestText, limits: LuaLimits) {
        identity = Identity(name: declaration.name, file: text.path, line: declaration.line)
        options = declaration.options
        usesRecognition = text.mentions("sounds_like")
        self.index = index
        self.text = text
        self.limits = limits
    }
}

/// The texts of a test file and of the files that it requires.
struct TestText: Sendable {
    struct Module: Sendable {
        let chunkName: String
        let bytes: [UInt8]
    }

    let path: String
    let bytes: [UInt8]
    /// By the name that `require` has for them.
    var modules: [String: Module] = [:]

    /// As messages of Lua show it: the last two components of the path.
    var chunkName: String { path.split(separator: "/").suffix(2).joined(separator: "/") }

    /// The line of a file with the few above it, without what they are all indented by.
    ///
    /// - Parameters:
    ///   - number: From 1.
    ///   - chunkName: That of the main file, or of one that it requires.
    func lines(upTo number: Int, of chunkName: String) -> [TestFailure.SourceLine] {
        let bytes =
            chunkName == self.chunkName ? bytes : modules.values.first { $0.chunkName == chunkName }?.bytes ?? []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(number - 1) else { return [] }
        let shown = lines[max(0, number - 4)..<number]
        let indentation = shown.filter { !$0.isEmpty }.map { $0.prefix { $0 == UInt8(ascii: " ") }.count }.min() ?? 0
        return shown.enumerated().map { offset, line in
            TestFailure.SourceLine(
                number: number - shown.count + 1 + offset,
                text: String(decoding: line.dropFirst(indentation), as: UTF8.self))
        }
    }

    func mentions(_ word: String) -> Bool {
        ([bytes] + modules.values.map(\.bytes)).contains { String(decoding: $0, as: UTF8.self).contains(word) }
    }
}
