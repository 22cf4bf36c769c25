public import Conversation
public import OfflineModel
public import ScriptAPI

/// The tests that were asked for, each with what it needs: its flow, and a persona where it scripts no model.
public struct TestSelection: Sendable {
    /// A test that can be played.
    public struct Item: Sendable {
        public var test: TestCase
        public var flow: Flow
        public var persona: PersonaDefinition?
        public var personaPath: String?

        /// Why the test is not for the flow's mode; `nil`: it is.
        public var skipReason: String? {
            let mode = flow.definition.mode
            let missing = test.options.requires.subtracting(mode.capabilities).map(\.rawValue).sorted()
            guard !missing.isEmpty else { return nil }
            return "The test requires \(missing.joined(separator: " and ")), which \(mode.rawValue) mode does not have."
        }
    }

    /// Tests in the order of their files; those that cannot be played say why.
    public enum Entry: Sendable {
        case playable(Item)
        case broken(TestResult)
    }

    public var entries: [Entry] = []

    /// Reads test files, flows and personas.
    ///
    /// - Parameters:
    ///   - testFiles: Paths.
    ///   - flows: Flows that may be meant, or why they cannot be used, by their paths.
    ///   - personas: Paths of the personas.
    ///   - filter: What names contain, without regard to case; `nil` for all.
    ///   - seed: That of tests that cannot even begin.
    public init(
        testFiles: [String], flows: [LoadedFlowFile], personas: [String], filter: String?, seed: UInt64
    ) {
        for path in testFiles {
            let file: TestFile
            do throws(TestFileError) {
                file = try TestFile.load(path: path)
            } catch {
                entries.append(.broken(.notLoaded(error, seed: seed)))
                continue
            }
            for test in file.tests where filter.map({ TestSelection.matches(test.name, path, $0) }) ?? true {
                do throws(Missing) {
                    entries.append(.playable(try TestSelection.item(test, flows: flows, personas: personas)))
                } catch {
                    entries.append(.broken(.notRun(test, seed: seed, message: error.sentence)))
                }
            }
        }
    }

    /// Plays all tests in another mode than their flows'.
    public mutating func setMode(_ mode: AgentMode) {
        entries = entries.map { entry in
            guard case .playable(var item) = entry else { return entry }
            item.flow = item.flow.inMode(mode)
            return .playable(item)
        }
    }

    private struct Missing: Error {
        let sentence: String
    }

    private static func matches(_ name: String, _ path: String, _ filter: String) -> Bool {
        let wanted = filter.lowercased()
        return name.lowercased().contains(wanted) || path.lowercased().contains(wanted)
    }

    private static func item(
        _ test: TestCase, flows: [LoadedFlowFile], personas: [String]
    ) throws(Missing) -> Item {
        let file = try flowFile(of: test, among: flows)
        let flow: Flow
        switch file.result {
        case .success(let loaded): flow = loaded
        case .failure(let error):
            throw Missing(
                sentence: "The flow \(file.path) cannot be used: \(error). See `moonline check \(file.path)`.")
        }
        var item = Item(test: test, flow: flow)
        guard test.options.model == nil else { return item }
        item.personaPath = try persona(for: test, flow: flow, among: personas)
        if let path = item.personaPath {
            do {
                item.persona = try PersonaDefinition.load(path: path)
            } catch {
                throw Missing(sentence: error.message)
            }
        }
        return item
    }

    /// The flow that a test names, or the one with its file's name, or the only one.
    private static func flowFile(
        of test: TestCase, among flows: [LoadedFlowFile]
    ) throws(Missing) -> LoadedFlowFile {
        if let wanted = test.options.flow {
            let path = wanted.hasPrefix("/") ? wanted : folder(test.file) + "/" + wanted
            if let file = flows.first(where: { simplified($0.path) == simplified(path) }) { return file }
            return LoadedFlowFile(path: path)
        }
        if let agent = test.options.agent {
            for file in flows {
                if case .success(let flow) = file.result, flow.definition.name == agent { return file }
            }
            if let broken = flows.first(where: { $0.isBroken && baseName($0.path) == agent.replacing("-", with: "_") })
            {
                return broken
            }
            let known = flows.compactMap { file in
                if case .success(let flow) = file.result { flow.definition.name } else { nil }
            }
            throw Missing(
                sentence: "No flow has the agent “\(agent)”"
                    + (known.isEmpty ? "." : "; there are \(known.sorted().joined(separator: ", "))."))
        }
        if let file = flows.first(where: { baseName($0.path) == baseName(test.file) }) { return file }
        if flows.count == 1 { return flows[0] }
        throw Missing(
            sentence: flows.isEmpty
                ? "There is no flow to test: put one into flows/, or name the folder above it by --scripts."
                : "There are \(flows.count) flows: say which one by t.options { agent = \"…\" }.")
    }

    /// The persona that a test names, or the one with the flow's name, or the only one; `nil` where there is none.
    private static func persona(
        for test: TestCase, flow: Flow, among personas: [String]
    ) throws(Missing) -> String? {
        if let wanted = test.options.persona {
            if let path = personas.first(where: { baseName($0) == wanted }) { return path }
            throw Missing(sentence: "There is no persona “\(wanted)”: put \(wanted).lua into personas/.")
        }
        return personas.first { baseName($0) == baseName(flow.path) } ?? (personas.count == 1 ? personas[0] : nil)
    }

    private static func folder(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    private static func baseName(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.hasSuffix(".lua") ? String(name.dropLast(4)) : name
    }

    /// Without `.` and `..`, as far as the text goes.
    private static func simplified(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == "..", let last = parts.last, last != ".." {
                parts.removeLast()
            } else {
                parts.append(part)
            }
        }
        return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
    }
}

/// A flow's file, and what came of loading it.
public struct LoadedFlowFile: Sendable {
    public let path: String
    public let result: Result<Flow, FlowError>

    public init(
        path: String, limits: ScriptLimits = ScriptLimits(), environment: ScriptEnvironment = ScriptEnvironment()
    ) {
        self.path = path
        result = Result { () throws(FlowError) in
            try Flow.load(path: path, limits: limits, environment: environment)
        }
    }

    /// - Parameter flow: One that is loaded.
    public init(_ flow: Flow) {
        path = flow.path
        result = .success(flow)
    }

    var isBroken: Bool { if case .failure = result { true } else { false } }
}
