import ArgumentParser

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Write a new project: a flow that works, its tests, and files for editors.")

    @Argument(help: "The project's folder; it is made when it is not there.")
    var folder = "."

    @Flag(help: "Replace files that are there.")
    var force = false

    /// Files are there that would be replaced.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    func run() throws {
        do {
            try write(ProjectTemplate())
        } catch {
            Console.failure("\(error)")
            throw ExitCode(1)
        }
    }

    private func path(_ file: ProjectTemplate.File) -> String { folder == "." ? file.path : "\(folder)/\(file.path)" }

    /// Writes all files, or none when one is there already.
    func write(_ template: ProjectTemplate) throws {
        let files = template.files
        let present = files.map { path($0) }.filter(FileSystem.exists)
        guard force || present.isEmpty else {
            let names = present.map { "\n  \($0)" }.joined()
            throw Refused(
                description: "\(present.count == 1 ? "This file is" : "These files are") there already; --force "
                    + "replaces \(present.count == 1 ? "it" : "them"), another folder leaves them alone:\(names)")
        }
        for file in files {
            let path = path(file)
            if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolder(String(path[..<slash])) }
            try FileSystem.write(file.text, to: path)
        }
        for file in files { Console.print("  \(path(file))") }
        let place = folder == "." ? "" : "cd \(folder)\n    "
        Console.print(
            """

            What to do next:
                \(place)moonline demo        hear a call, without key and telephone
                moonline check       look for mistakes in the flow
                cp .env.example .env, and put your OpenAI key into it
                moonline dev         run the agent; edit flows/outbound_caller.lua and watch
            """)
    }
}
