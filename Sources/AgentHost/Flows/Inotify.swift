import Glibc

/// The kernel's announcements of changes in folders (inotify(7)).
///
/// One instance, used by one thread. What is announced is where something changed; what changed, a look tells.
struct Inotify {
    /// What the system is asked for; tests give their own.
    struct System: Sendable {
        /// A descriptor, or `-errno`.
        var open: @Sendable () -> Int32
        /// The watch's number, or `-errno`.
        var add: @Sendable (_ descriptor: Int32, _ folder: String) -> Int32

        static let kernel = System(
            open: {
                let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
                return descriptor >= 0 ? descriptor : -errno
            },
            add: { descriptor, folder in
                let watch = inotify_add_watch(descriptor, folder, Inotify.mask)
                return watch >= 0 ? watch : -errno
            })
    }

    /// One announcement.
    struct Event: Hashable, Sendable {
        /// -1 for all: the kernel's queue was full, and announcements are lost.
        let watch: Int32
        let mask: UInt32
        /// The file's name in the watched folder; empty when the folder itself is meant.
        let name: String
    }

    private static let mask =
        UInt32(
            IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO
                | IN_DELETE_SELF
                | IN_MOVE_SELF) | UInt32(IN_ONLYDIR)

    /// `nil` when the system has no instance left, see ``shortage``.
    private(set) var descriptor: Int32?
    /// Why not every folder is watched, in the operator's words; `nil` when that has no lasting cause.
    private(set) var shortage: String?
    private let system: System
    private var folders: [Int32: String] = [:]

    init(_ system: System) {
        self.system = system
        openIfNeeded()
    }

    private mutating func openIfNeeded() {
        guard descriptor == nil else { return }
        let number = system.open()
        if number >= 0 { descriptor = number } else { note(-number, "fs.inotify.max_user_instances") }
    }

    private mutating func note(_ error: Int32, _ setting: String) {
        guard error == EMFILE || error == ENFILE || error == ENOSPC || error == ENOMEM || error == ENOSYS else {
            return
        }
        shortage = "\(String(cString: strerror(error))); see \(setting) of sysctl(8)"
    }

    /// Watches these folders and no others.
    ///
    /// - Returns: Whether all are watched, and whether one of them was not before.
    mutating func watch(_ wanted: [String]) -> (all: Bool, new: Bool) {
        shortage = nil
        openIfNeeded()
        guard let descriptor else { return (false, false) }
        var watches: [Int32: String] = [:]
        var isComplete = true
        for folder in wanted {
            // A folder that is watched keeps its number.
            let watch = system.add(descriptor, folder)
            if watch >= 0 {
                watches[watch] = folder
            } else {
                isComplete = false
                note(-watch, "fs.inotify.max_user_watches")
            }
        }
        for watch in folders.keys where watches[watch] == nil { inotify_rm_watch(descriptor, watch) }
        let isNew = watches.keys.contains { folders[$0] == nil }
        folders = watches
        return (isComplete, isNew)
    }

    /// Takes what has been announced; does not wait.
    ///
    /// - Returns: Paths of the files that were written, or `nil` when nothing was announced.
    mutating func take() -> Set<String>? {
        guard let descriptor else { return nil }
        var paths: Set<String>?
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return paths }
            // IN_IGNORED only says that a watch has ended.
            for event in Inotify.events(in: buffer[..<count]) where event.mask & UInt32(IN_IGNORED) == 0 {
                var known = paths ?? []
                if let folder = folders[event.watch], FlowTree.isSource(event.name) {
                    known.insert(folder + "/" + event.name)
                }
                paths = known
            }
        }
    }

    /// Reads what the kernel wrote: `struct inotify_event` with its name, one behind the other.
    static func events(in bytes: ArraySlice<UInt8>) -> [Event] {
        func number(_ offset: Int) -> UInt32 {
            (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
        }
        var events: [Event] = []
        var offset = bytes.startIndex
        while bytes.endIndex - offset >= 16 {
            let length = Int(number(offset + 12))
            guard length <= bytes.endIndex - offset - 16 else { break }
            let name = bytes[(offset + 16)..<(offset + 16 + length)].prefix { $0 != 0 }
            events.append(
                Event(
                    watch: Int32(bitPattern: number(offset)), mask: number(offset + 4),
                    name: String(decoding: name, as: UTF8.self)))
            offset += 16 + length
        }
        return events
    }

    func close() {
        if let descriptor { Glibc.close(descriptor) }
    }
}
