import Conversation

/// The declaration of `turns`.
enum TurnOptionsSpec {
    static let record = RecordSpec("moonline.Turns", "When the far end has the floor, in pipeline mode.", [])
}
