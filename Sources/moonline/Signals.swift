import Dispatch
import Glibc

/// SIGINT and SIGTERM as a sequence.
///
/// The signals no longer end the process while one of these lives.
final class Signals: Sendable {
    let received: AsyncStream<Int32>
    // Sources are not Sendable; they are only kept alive here, and cancelled once.
    private nonisolated(unsafe) let sources: [any DispatchSourceSignal]

    init() {
        let (stream, continuation) = AsyncStream<Int32>.makeStream()
        received = stream
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.activate()
            return source
        }
    }

    deinit {
        for source in sources { source.cancel() }
    }
}
