import Audio
import Foundation
import TestSupport

/// Recordings of a person: the prompts of `asterisk-core-sounds-en-wav`, 8 kHz.
enum HumanSpeech {
    /// A recording whose words the tests know.
    static let introduction = "vm-intro"
    static let introductionSentences = [
        "Please leave your message after the tone.", "When done, hang up or press the pound key.",
    ]

    /// - Parameter name: Of a prompt, without extension.
    /// - Throws: ``ExternalProgram/Missing`` when the recordings are not installed.
    static func samples(_ name: String) throws -> [Int16] {
        let root = "/usr/share/asterisk/sounds"
        let folders =
            FileManager.default.fileExists(atPath: root)
            ? try FileManager.default.contentsOfDirectory(atPath: root).sorted() : []
        let paths = folders.map { "\(root)/\($0)/\(name).wav" }
        guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw ExternalProgram.Missing("asterisk-core-sounds-en-wav (\(name).wav)")
        }
        let file = try WAVFile(contentsOf: path)
        guard file.sampleRate == G711.sampleRate else {
            throw NotSeen(description: "\(path) has \(file.sampleRate) Hz instead of \(G711.sampleRate)")
        }
        return file.mono
    }

    static func silence(seconds: Double) -> [Int16] {
        Array(repeating: 0, count: Int(seconds * Double(G711.sampleRate)))
    }
}
