import Glibc

/// Days by the clock on the wall: what somebody who is called here means by "tomorrow".
package enum LocalDay {
    /// The day in the machine's time zone, or in that of `TZ`, as ISO 8601 writes it: `2026-11-22`.
    ///
    /// - Parameter unixTime: [s]
    static func text(unixTime: Int64) -> String {
        var seconds = time_t(unixTime)
        var parts = tm()
        tzset()
        localtime_r(&seconds, &parts)
        return text(&parts)
    }

    /// The day in Greenwich, as ISO 8601 writes it.
    ///
    /// - Parameter unixTime: [s]
    package static func universal(unixTime: Int64) -> String {
        var seconds = time_t(unixTime)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return text(&parts)
    }

    private static func text(_ parts: inout tm) -> String {
        var buffer = [CChar](repeating: 0, count: 32)
        let count = strftime(&buffer, buffer.count, "%Y-%m-%d", &parts)
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
