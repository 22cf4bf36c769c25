import Testing

/// The built executable, used as somebody would who has the README and nothing else.
///
/// One after the other: a conversation that competes with another for the processor proves nothing.
@Suite("The built product", .serialized)
struct EndToEnd {}
