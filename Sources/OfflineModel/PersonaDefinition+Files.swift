import FoundationEssentials
import Glibc
import Speech

extension PersonaDefinition {
    /// Understands anything, and says only what its instructions tell it word for word.
    public static var silent: PersonaDefinition { PersonaDefinition() }

    /// Reads a persona file.
    ///
    /// - Throws: ``OfflineModelError``: it cannot be read, or is no persona.
    public static func load(path: String) throws(OfflineModelError) -> PersonaDefinition {
        try load(try read(path), path: path)
    }

    static func load(_ source: [UInt8], path: String) throws(OfflineModelError) -> PersonaDefinition {
        do {
            return try PersonaDefinition(source: source, name: path.split(separator: "/").last.map(String.init) ?? path)
        } catch {
            throw OfflineModelError(.personaUnusable, "The persona \(path) is unusable: \(error.message)")
        }
    }

    static func read(_ path: String) throws(OfflineModelError) -> [UInt8] {
        guard access(path, R_OK) == 0 else {
            let reason = String(cString: strerror(errno))
            throw OfflineModelError(.personaUnusable, "Cannot read the persona file \(path): \(reason).")
        }
        do {
            return Array(try Data(contentsOf: URL(filePath: path)))
        } catch {
            throw OfflineModelError(.personaUnusable, "Cannot read the persona file \(path): \(error)")
        }
    }
}

extension OfflineModelError {
    /// Why a recogniser cannot serve a persona.
    init(recognition error: any Error, persona path: String) {
        switch error {
        case SpeechRecognizer.Failure.unpronounceable(let words):
            self.init(.personaUnusable, "The persona \(path) has words that nobody can pronounce: \(words).")
        case SpeechRecognizer.Failure.modelUnavailable(let folder):
            self.init(
                .speechUnavailable, "No speech recognition: install pocketsphinx-en-us (\(folder) is missing).")
        default: self.init(.speechUnavailable, "Speech recognition fails: \(error)")
        }
    }
}
