/// What a model is told of an answer that the loss of its connection has cut.
package enum CutSpeech {
    private static let mark = "the other side has heard only this: \""

    /// - Parameter heard: Its words as far as they were heard.
    static func instructions(heard: String) -> String {
        """
        The line was cut while you were speaking. Of what you were saying \(mark)\(heard)". \
        Go on right behind it. Do not repeat any of it, and do not speak of the cut.
        """
    }

    /// What was heard, from the instructions; `nil` when they speak of nothing of the kind.
    package static func heard(in instructions: String) -> String? {
        guard let begin = instructions.firstRange(of: mark)?.upperBound,
            let end = instructions[begin...].lastIndex(of: "\"")
        else { return nil }
        return String(instructions[begin..<end])
    }

    /// What is still to be said of a text.
    package static func rest(of text: String, after heard: String) -> String { text.rest(after: heard) }
}
