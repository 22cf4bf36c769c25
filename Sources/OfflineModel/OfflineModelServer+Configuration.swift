import SansIO

extension OfflineModelServer {
    /// What an operator chooses for the server.
    public struct Configuration: Sendable {
        /// A numeric address of this machine.
        public var host = "127.0.0.1"
        /// 0 lets the kernel choose.
        public var port: UInt16 = 0
        /// The Lua file that says what the model hears and answers; read anew for each session.
        /// `nil`: it understands anything and answers nothing.
        public var personaPath: String?
        /// Keys that are refused; every other key that is not empty is good.
        public var refusedKeys: Set<String> = []
        /// Seed of identifiers, chunk sizes and delays.
        public var seed: UInt64 = 1
        /// How many times faster than real time speech is sent; 0 sends it all at once.
        public var pace: Double = 8
        /// Whether audio is judged and recognised, or only counted: `false` serves many sessions that only stream.
        public var hears = true
        /// The day, ISO 8601, that "tomorrow" is counted from; `nil` is the day on which the session
        /// begins, in this machine's time zone.
        public var today: String?
        /// Utterances that are recognised at the same time. Each recogniser holds models of its own.
        public var recognizerCount = 2
        /// The persona of the session of a key; `nil`: that of ``personaPath``.
        public var persona: @Sendable (_ key: String) -> PersonaDefinition? = { _ in nil }
        /// Who hears and answers the session of a key in the persona's place; `nil`: the persona does.
        public var script: @Sendable (_ key: String) -> ScriptedModel? = { _ in nil }
        /// Whether log lines may hold what was said.
        public var logsTranscripts = false

        public init(personaPath: String?) {
            self.personaPath = personaPath
        }
    }
}
