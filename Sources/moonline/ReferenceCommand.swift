import ArgumentParser
import ScriptAPI
import TestCalls

struct ReferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Print the reference of the scripting API, or write it for editors.",
        discussion: """
            Prints the page in Markdown. With --definitions, the files by which LuaLS completes and checks flows are \
            written to a folder instead: those of an older project are replaced.
            """)

    @Option(help: "Folder for the definition files, such as a project's library/.", completion: .directory)
    var definitions: String?

    @Flag(help: "Print the reference of test calls instead.")
    var tests = false

    func run() async throws {
        try await reportingFailures {
            guard let definitions else {
                Console.print(tests ? TestReference.markdown : ReferenceWriter.page())
                return
            }
            for file in EditorDefinitions.files() {
                let path = FileSystem.path(file.name, in: definitions)
                if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolder(String(path[..<slash])) }
                try FileSystem.write(file.text, to: path)
                Console.print("wrote \(path)")
            }
        }
    }
}

/// The files by which LuaLS completes and checks flows and tests.
enum EditorDefinitions {
    static func files() -> [(name: String, text: String)] {
        DefinitionWriter.files() + [("moonline/test.lua", TestReference.definitions)]
    }
}
