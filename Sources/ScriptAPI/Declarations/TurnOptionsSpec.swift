import Conversation
import SansIO

/// The declaration of `turns`, for the reference.
enum TurnOptionsSpec {
    static let record = RecordSpec(
        "moonline.Turns", "When the far end has the floor, in pipeline mode; times in seconds.",
        TurnOptions.fields.map { field in
            (field.name, field.isWhole ? "integer?" : "number?", text(of: field))
        })

    /// What it is, its default and its range.
    private static func text(of field: TurnOptions.Field) -> String {
        "\(prose[field.name] ?? "") \(number(field.usual)), at least \(number(field.range.lowerBound)) and at most "
            + "\(number(field.range.upperBound))."
    }

    /// `3`, `0.5`
    private static func number(_ value: Double) -> String { Int(exactly: value).map(String.init) ?? "\(value)" }

    /// What stands before the default.
    private static let prose: [String: String] = [
        "min_delay": "How long the far end is silent before its turn is over;",
        "max_delay": "The same, when what was said looks unfinished;",
        "dictation_delay": "The same, in the middle of a number that is dictated, or a word that is spelled;",
        "transcript_timeout": "How long after the voice its transcript is waited for;",
        "preemptive_replies":
            "How often in one turn a reply is prepared ahead of its end, and thrown away when the far end goes on;",
        "min_speech": "How much voice it takes to hold what the agent says;",
        "min_words": "How many words it takes to interrupt; \"mhm\" and \"okay\" don't count, unless it is 0;",
        "certain_speech": "Voice that lasts so long interrupts, even if no word of it is known yet;",
        "false_interruption_timeout":
            "How long after a noise the agent waits for words of it before it goes on where it stopped;",
        "answer_overlap":
            "A \"yes\" that was too short to interrupt is an answer if the agent has finished so soon after it;",
        "noise_limit": "Voice that lasts so long without words in it is none: music, a television;",
        "max_turn": "A turn that lasts so long is answered, over or not;",
        "voice_pause": "How long nothing is heard before a voice is taken to have stopped;",
    ]
}
