/// What the operator chooses of a Live session, and how long it waits for what.
public struct LiveOptions: Hashable, Sendable {
    /// The model that listens and speaks.
    public var model = "gpt-live-1"
    /// The text model that it hands questions and functions to.
    public var backEndModel = "gpt-5.6-luna"
    /// Silence that ends what the model, or the caller, says: longer than the pauses between sentences.
    public var pause: Duration = .milliseconds(800)
    /// Silence of the caller that ends a turn whose voice was heard.
    public var voicePause: Duration = .milliseconds(500)
    /// From a request to the voice that answers it, while the caller is silent and the back end idle.
    public var patience: Duration = .seconds(8)
    /// The same, whatever happens meanwhile.
    public var longestPatience: Duration = .seconds(18)
    /// From a request to the server's word that it took note; what is heard before is no answer to it.
    public var noticePatience: Duration = .seconds(1)
    /// Speech that waits locally to be heard before the caller's words silence it.
    ///
    /// The server sends in real time, so that what waits is no more than the network's jitter, and the model itself
    /// falls silent for the caller. A server that sends ahead cannot take back what it has sent.
    public var lead: Duration = .milliseconds(500)
    /// The server says nothing at all, not even silence: after so long it is asked for a sign of life, and after as long
    /// again without one it is lost. `nil` waits for ever.
    ///
    /// A server that is there sends a continuous stream of audio, or else answers at once: the model's silence is neither.
    public var silence: Duration? = .seconds(3)

    public init() {}
}
