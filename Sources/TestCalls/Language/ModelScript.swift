public import SansIO

/// What the model does in a test whose subject it is not: `t.model{…}`.
public struct ModelScript: Hashable, Sendable {
    /// When an entry's turn comes.
    public enum Trigger: Hashable, Sendable {
        /// The model is to speak though nobody said anything.
        case start
        /// The callee said something like it.
        case hears(Matcher)
        /// The action of this name came back.
        case resultOf(String)
        /// The model is given instructions for one answer, as `call:reply` does.
        case instructed(Matcher)
    }

    public struct Entry: Hashable, Sendable {
        public var trigger: Trigger
        /// Before anything else happens.
        public var after: Duration
        /// Sentence after sentence.
        public var says: [String]
        /// The action that is called when everything is said.
        public var calls: String?
        /// The arguments of ``calls``: an object.
        public var with: JSON
        /// The response fails with this code.
        public var fails: String?
        /// The socket is dropped without a word.
        public var drops: Bool
        /// It may be used any number of times.
        public var always: Bool

        public init(
            trigger: Trigger, after: Duration = .zero, says: [String] = [], calls: String? = nil, with: JSON = [:],
            fails: String? = nil, drops: Bool = false, always: Bool = false
        ) {
            self.trigger = trigger
            self.after = after
            self.says = says
            self.calls = calls
            self.with = with
            self.fails = fails
            self.drops = drops
            self.always = always
        }
    }

    /// Tried from the first on; none for a model that has nothing to say.
    public var entries: [Entry]

    public init(entries: [Entry]) {
        self.entries = entries
    }
}
