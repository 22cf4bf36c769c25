import Testing

/// All tests against software that others have written.
///
/// One after the other: most of them listen to audio in real time, and a program that competes for the processor with
/// three others proves nothing.
@Suite("Strangers' software", .serialized)
struct Strangers {}
