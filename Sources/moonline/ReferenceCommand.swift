import ArgumentParser
import ScriptAPI

struct ReferenceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reference", abstract: "Print the reference of the scripting API, or write it for editors.",
        discussion: """
            Prints the page in Markdown. With --definitions, the files by which LuaLS completes and checks flows are \
            written to a folder instead: those of an older project are replaced.
            """)

    @Option(help: "Folder for the definition files, such as a project's library/.", completion: .directory)
    var definitions: String?

    func run() async throws {
        try await reportingFailures {
            guard let definitions else {
                Console.print(ReferenceWriter.page())
                return
            }
            try FileSystem.makeFolder(definitions)
            for file in DefinitionWriter.files() {
                try FileSystem.write(file.text, to: definitions + "/" + file.name)
                Console.print("wrote \(definitions)/\(file.name)")
            }
        }
    }
}
