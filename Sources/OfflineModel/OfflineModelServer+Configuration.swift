import SansIO

extension OfflineModelServer {
    /// What an operator chooses for the server.
    public struct Configuration: Sendable {
        /// A numeric address of this machine.
        public var host = "127.0.0.1"
        /// 0 lets the kernel choose.
        public var port: UInt16 = 0
        /// The Lua file that says what the model hears and answers; read anew for each session.
        /// `nil`: it understands anything, and says only what its instructions tell it word for word.
        public var personaPath: String?
        /// Keys that are refused; every other key that is not empty is good.
        public var refusedKeys: Set<String> = []
        /// Of requests over HTTP.
        public var names = OfflineNames.known
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
        /// What goes wrong, for all keys.
        public var misbehaviour = Misbehaviour()
        /// What is different for a key. Asked for each session and each request.
        public var session: @Sendable (_ key: String) -> SessionPlan = { _ in SessionPlan() }
        /// Whether log lines may hold what was said.
        public var logsTranscripts = false

        public init(personaPath: String?) {
            self.personaPath = personaPath
        }
    }

    /// What one session or request has of its own; `nil` leaves the configuration's.
    public struct SessionPlan: Sendable {
        public var persona: PersonaDefinition?
        /// Hears and answers in the persona's place.
        public var script: ScriptedModel?
        /// The day that "tomorrow" is counted from, ISO 8601.
        public var today: String?
        /// What goes wrong, besides what does for all keys. Its rules are counted by their places: as long as they stand
        /// in the same order, the counts go on.
        public var misbehaviour: Misbehaviour

        public init(
            persona: PersonaDefinition? = nil, script: ScriptedModel? = nil, today: String? = nil,
            misbehaviour: Misbehaviour = Misbehaviour()
        ) {
            self.persona = persona
            self.script = script
            self.today = today
            self.misbehaviour = misbehaviour
        }
    }
}
