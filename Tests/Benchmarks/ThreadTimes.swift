import Glibc
import SansIO

/// Processor time of this process's threads, by the kind that their names tell.
struct ThreadTimes {
    /// Since their beginning. [ns]
    private(set) var nanoseconds: [String: Int64] = [:]

    /// The present state; threads that end meanwhile are left out.
    static func now() -> ThreadTimes {
        var times = ThreadTimes()
        guard let folder = opendir("/proc/self/task") else { return times }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard Int(name) != nil, let comm = firstLine(of: "/proc/self/task/\(name)/comm"),
                let run = firstLine(of: "/proc/self/task/\(name)/schedstat")?.split(separator: " ").first,
                let time = Int64(run)
            else { continue }
            times.nanoseconds[kind(comm), default: 0] += time
        }
        return times
    }

    /// Threads of this process.
    static func count() -> Int {
        guard let folder = opendir("/proc/self/task") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while let entry = readdir(folder) {
            let isThread = entry.pointee.d_name.0 != CChar(bitPattern: UInt8(ascii: "."))
            count += isThread ? 1 : 0
        }
        return count
    }

    func since(_ begin: ThreadTimes) -> [(kind: String, seconds: Double)] {
        nanoseconds.map { ($0.key, Double($0.value - (begin.nanoseconds[$0.key] ?? 0)) / 1e9) }
            .sorted { $0.1 > $1.1 }
    }

    private static func kind(_ name: String) -> String {
        for (prefix, kind) in [("media", "media"), ("pump", "pump"), ("NIO", "sockets"), ("recorder", "recorder")]
        where name.hasPrefix(prefix) {
            return kind
        }
        return "tasks"
    }

    /// The first line of a small file of the system; `nil` when there is none.
    static func firstLine(of path: String) -> String? { line(0, of: path) }

    /// A line of a small file of the system, counted from 0; `nil` when there is none.
    static func line(_ number: Int, of path: String) -> String? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 512)
        for _ in 0...number {
            guard fgets(&buffer, Int32(buffer.count), file) != nil else { return nil }
        }
        return String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
