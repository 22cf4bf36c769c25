/// What commentary is to the model: something to say in its own words, or an order.
///
/// The live service obeys orders in commentary, and clients depend on it to have the model speak at once. Those that are
/// known here are Moonline's and LiveKit's.
enum LiveCommentary: Hashable {
    /// To be said.
    case words(String)
    /// To be followed at once.
    case instructions(String)
    /// The model is to speak now.
    case turn
    /// The model is to leave unsaid what it is saying.
    case silence

    init(_ content: String) {
        let follow = "Immediately follow the instruction below."
        if let words = ExactSpeech.text(in: content) {
            self = .words(words)
        } else if content.hasPrefix(follow), let blank = content.firstRange(of: "\n\n") {
            self = .instructions(String(content[blank.upperBound...]))
        } else if content.hasPrefix("Stop speaking at once") {
            self = .silence
        } else if content.contains("Do not wait for the caller to speak first.") {
            self = .turn
        } else {
            self = .words(content)
        }
    }
}
