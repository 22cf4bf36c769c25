import Testing

/// All tests against software that others have written.
///
/// One after the other: most of them listen to audio in real time, and three that want the processor in the same moment
/// prove nothing.
@Suite("Strangers' software", .serialized)
struct Strangers {}
