import FoundationEssentials
import Glibc
import Logging
import Speech

/// The persona file: read anew for each session, so that an edit shows in the next call.
actor PersonaLibrary {
    private let path: String
    private let name: String
    /// `nil` where nothing is recognised.
    private let recognition: RecognitionWorkers?
    private let logger: Logger
    private var current: PersonaDefinition

    /// - Throws: ``OfflineModelError``: the file or the recogniser's data are unusable.
    init(
        path: String, recognition: RecognitionWorkers?, logger: Logger
    ) async throws(OfflineModelError) {
        self.path = path
        name = path.split(separator: "/").last.map(String.init) ?? path
        self.recognition = recognition
        self.logger = logger
        current = try await Self.load(try Self.read(path), name: name, path: path, recognition: recognition)
    }

    /// The file as it is now, or as it last was usable.
    func definition() async -> PersonaDefinition {
        do throws(OfflineModelError) {
            let source = try Self.read(path)
            if source != current.source {
                current = try await Self.load(source, name: name, path: path, recognition: recognition)
                logger.info("persona reloaded", metadata: ["file": "\(path)"])
            }
        } catch {
            logger.error("the changed persona is not used: \(error.message)")
        }
        return current
    }

    private static func read(_ path: String) throws(OfflineModelError) -> [UInt8] {
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

    private static func load(
        _ source: [UInt8], name: String, path: String, recognition: RecognitionWorkers?
    ) async throws(OfflineModelError) -> PersonaDefinition {
        let persona: PersonaDefinition
        do {
            persona = try PersonaDefinition(source: source, name: name)
        } catch {
            throw OfflineModelError(.personaUnusable, "The persona \(path) is unusable: \(error.message)")
        }
        do {
            try await recognition?.withWorker { try await $0.prepare(persona) }
        } catch SpeechRecognizer.Failure.unpronounceable(let words) {
            throw OfflineModelError(
                .personaUnusable, "The persona \(path) has words that nobody can pronounce: \(words).")
        } catch SpeechRecognizer.Failure.modelUnavailable(let folder) {
            throw OfflineModelError(
                .speechUnavailable, "No speech recognition: install pocketsphinx-en-us (\(folder) is missing).")
        } catch {
            throw OfflineModelError(.speechUnavailable, "Speech recognition fails: \(error)")
        }
        return persona
    }
}
