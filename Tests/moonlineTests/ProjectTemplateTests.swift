import ArgumentParser
import Foundation
import SansIO
import ScriptAPI
import Testing

@testable import moonline

@Suite("A new project")
struct ProjectTemplateTests {
    private func folder() throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("init-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    private func command(_ arguments: String...) throws -> InitCommand { try InitCommand.parse(arguments) }

    @Test("its flow loads, its settings are read, its JSON is JSON, its definitions are in library/")
    func works() throws {
        let folder = try folder() + "/new/project"
        let template = ProjectTemplate()
        try command(folder).write(template)
        let flow = try Flow.load(path: folder + "/flows/outbound_caller.lua")
        #expect(flow.files.count == 1)
        let settings = try String(contentsOfFile: folder + "/.env.example", encoding: .utf8)
        #expect(try Settings.parse(settings, path: ".env").keys.sorted() == ["OPENAI_API_KEY"])
        let server = try JSON(parsing: Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/.luarc.json"))))
        #expect(server["workspace.library"] == ["library"])
        #expect(try String(contentsOfFile: folder + "/library/moonline.lua", encoding: .utf8).contains("---@meta"))
        #expect(template.files.allSatisfy { $0.text.hasSuffix("\n") && !$0.text.contains("scripts/flows") })
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("files that are there are named and left alone, all of them; --force replaces them")
    func refuses() throws {
        let folder = try folder()
        try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/README.md"))
        try Data("mine".utf8).write(to: URL(fileURLWithPath: folder + "/notes.txt"))
        #expect {
            try command(folder).write(ProjectTemplate())
        } throws: {
            "\($0)" == "This file is there already; --force replaces it, another folder leaves them alone:\n"
                + "  \(folder)/README.md"
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["README.md", "notes.txt"])
        #expect(try String(contentsOfFile: folder + "/README.md", encoding: .utf8) == "mine")
        try command(folder, "--force").write(ProjectTemplate())
        #expect(try String(contentsOfFile: folder + "/README.md", encoding: .utf8).hasPrefix("# A telephone agent"))
        #expect(try String(contentsOfFile: folder + "/notes.txt", encoding: .utf8) == "mine")
        try FileManager.default.removeItem(atPath: folder)
    }

    @Test("a folder that cannot be made is told in a sentence")
    func unwritable() throws {
        let folder = try folder()
        try Data().write(to: URL(fileURLWithPath: folder + "/file"))
        #expect {
            try command(folder + "/file").write(ProjectTemplate())
        } throws: {
            "\($0)" == "The folder \(folder)/file cannot be made: File exists."
        }
        try FileManager.default.removeItem(atPath: folder)
    }
}
