import Foundation
import ScriptAPI
import TestSupport

@testable import AgentHost

/// A folder of flows, and readings of texts in it.
final class FlowShelf: Sendable {
    let folder: TemporaryFolder
    let flows: String

    init() throws {
        folder = try TemporaryFolder("flows")
        flows = folder.file("flows")
        try FileManager.default.createDirectory(atPath: flows, withIntermediateDirectories: true)
    }

    func path(_ name: String) -> String { flows + "/" + name }

    /// As editors save: a new file takes the old one's place.
    func write(_ text: String, to name: String) throws {
        let path = path(name)
        try FileManager.default.createDirectory(
            atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// Into the file that is there: somebody who looks may find it empty, or half written.
    func overwrite(_ text: String, at name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    /// The text of an agent.
    static func agent(_ name: String, _ text: String = "", requires module: String? = nil) -> String {
        """
        local moonline = require "moonline"
        \(module.map { "require \"\($0)\"" } ?? "")
        return moonline.agent { name = "\(name)", instructions = "Be brief. \(text)" }
        """
    }

    /// Loads a text as the file of that name.
    func flow(_ name: String, _ text: String) throws -> Flow {
        try write(text, to: name)
        return try Flow.load(path: path(name))
    }

    func usable(_ name: String, _ text: String) throws -> FlowReading {
        FlowReading(path: path(name), result: .usable(try flow(name, text)))
    }

    func unusable(_ name: String, _ message: String, text: UInt64 = 1) -> FlowReading {
        FlowReading(
            path: path(name), result: .unusable([FlowDiagnostic(file: path(name), message: message)], version: nil),
            fingerprint: text)
    }

    func missing(_ name: String) -> FlowReading {
        FlowReading(path: path(name), result: .missing)
    }
}
