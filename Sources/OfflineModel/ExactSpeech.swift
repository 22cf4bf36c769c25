/// Instructions that leave the model no choice of words: `Say exactly the following, and nothing else: "…"`.
package enum ExactSpeech {
    /// The answer to a request whose own instructions say what to say; `nil` to any other.
    static func steps(for request: PersonaRequest) -> [PersonaStep]? {
        request.hasOwnInstructions ? text(in: request.instructions).map { [.say($0)] } : nil
    }

    /// What shall be said: the text between the first and the last quotation mark behind "say exactly", or else all
    /// that follows the next colon.
    ///
    /// - Returns: `nil` when the instructions ask for nothing of the kind.
    package static func text(in instructions: String) -> String? {
        guard let order = instructions.firstRange(of: /say\s+exactly/.ignoresCase()) else { return nil }
        let rest = instructions[order.upperBound...]
        let marks: Set<Character> = ["\"", "\u{201C}", "\u{201D}"]
        if let first = rest.firstIndex(where: { marks.contains($0) }),
            let last = rest.lastIndex(where: { marks.contains($0) }), first < last
        {
            return String(rest[rest.index(after: first)..<last])
        }
        guard let colon = rest.firstIndex(of: ":") else { return nil }
        let text = rest[rest.index(after: colon)...]
        guard let start = text.firstIndex(where: { !$0.isWhitespace }) else { return nil }
        return String(text[start...])
    }
}
