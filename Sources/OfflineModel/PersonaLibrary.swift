import Logging

/// The persona file: read anew for each session, so that an edit shows in the next call.
actor PersonaLibrary {
    private let path: String?
    /// `nil` where nothing is recognised.
    private let recognition: RecognitionWorkers?
    private let logger: Logger
    private var current: PersonaDefinition

    /// - Parameter path: `nil` for ``PersonaDefinition/silent``.
    /// - Throws: ``OfflineModelError``: the file or the recogniser's data are unusable.
    init(
        path: String?, recognition: RecognitionWorkers?, logger: Logger
    ) async throws(OfflineModelError) {
        self.path = path
        self.recognition = recognition
        self.logger = logger
        current = .silent
        if let path { current = try PersonaDefinition.load(path: path) }
        try await prepare(current, path: path ?? "")
    }

    /// The file as it is now, or as it last was usable.
    func definition() async -> PersonaDefinition {
        guard let path else { return current }
        do throws(OfflineModelError) {
            let source = try PersonaDefinition.read(path)
            if source != current.source {
                let changed = try PersonaDefinition.load(source, path: path)
                try await prepare(changed, path: path)
                current = changed
                logger.info("persona reloaded", metadata: ["file": "\(path)"])
            }
        } catch {
            logger.error("the changed persona is not used: \(error.message)")
        }
        return current
    }

    private func prepare(_ persona: PersonaDefinition, path: String) async throws(OfflineModelError) {
        do {
            try await recognition?.withWorker { try await $0.prepare(persona) }
        } catch {
            throw OfflineModelError(recognition: error, persona: path)
        }
    }
}
