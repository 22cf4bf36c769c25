import Foundation
import Logging
import TestSupport

/// All that is logged, at every level, with its metadata.
final class CollectedLog: Sendable {
    struct Line: Sendable, CustomStringConvertible {
        let level: Logger.Level
        /// Message, error and metadata.
        let text: String
        /// Unix time. [ns]
        let at: Int64

        var description: String { "\(level): \(text)" }
    }

    let lines = Watched<[Line]>([])

    var logger: Logger {
        Logger(label: "test") { _ in CollectingHandler(log: self) }
    }

    /// The lines of that level and worse.
    func lines(from level: Logger.Level) -> [Line] { lines.value.filter { $0.level >= level } }

    /// Waits for a line that contains `text`.
    @discardableResult
    func line(containing text: String, limit: Duration = .seconds(15)) async throws -> Line {
        try await lines.wait(for: "“\(text)” in the log", limit: limit) { $0.first { $0.text.contains(text) } }
    }
}

private struct CollectingHandler: LogHandler {
    let log: CollectedLog
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.trace

    init(log: CollectedLog) {
        self.log = log
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var text = "\(event.message)"
        if let error = event.error { text += " \(error)" }
        for (key, value) in metadata.merging(event.metadata ?? [:], uniquingKeysWith: { $1 }).sorted(by: {
            $0.key < $1.key
        }) {
            text += " \(key)=\(value)"
        }
        let line = CollectedLog.Line(level: event.level, text: text, at: UnixTime.now)
        log.lines.update { $0.append(line) }
    }
}

/// The clock by which the kernel stamps datagrams.
enum UnixTime {
    /// [ns]
    static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }
}
