import Foundation
import Synchronization
import TestSupport
import Testing

@testable import AgentHost

@Suite("The watcher of a real folder", .serialized, .timeLimit(.minutes(1)))
struct FlowWatcherTests {
    /// A watcher, and what it tells.
    private final class Watching: Sendable {
        let watcher: FlowWatcher
        private let state = Watched((events: [FlowWatcher.Event](), isOver: false))
        private let taken = Mutex(0)
        private let expected = Mutex<Set<String>>([])

        init(_ shelf: FlowShelf, folder: String? = nil, system: Inotify.System = .kernel) throws {
            let folder = folder ?? shelf.flows
            watcher = try FlowWatcher(folder: folder, baseline: FlowTree(folder: folder), system: system)
            Task { [state, events = watcher.events] in
                for await event in events { state.update { $0.events.append(event) } }
                state.update { $0.isOver = true }
            }
        }

        /// What is told next.
        func next() async throws -> FlowWatcher.Event {
            let number = taken.withLock { taken in
                taken += 1
                return taken - 1
            }
            return try await state.wait(for: "the watcher's event \(number)") { state in
                state.events.indices.contains(number) ? state.events[number] : nil
            }
        }

        /// Waits until all these have changed, and fails when anything else did but what was waited for before: under
        /// load one change may be told twice.
        func expect(_ names: String..., sourceLocation: SourceLocation = #_sourceLocation) async throws {
            var missing = Set(names)
            let known = expected.withLock { expected in
                expected.formUnion(names)
                return expected
            }
            while !missing.isEmpty {
                guard case .changed(let paths) = try await next() else {
                    throw NotSeen(description: "the watcher told something else than \(missing)")
                }
                let changed = Set(paths.map { $0.split(separator: "/flows/").last.map(String.init) ?? $0 })
                #expect(changed.isSubset(of: known), sourceLocation: sourceLocation)
                missing.subtract(changed)
            }
        }

        /// How many events there were.
        var count: Int { state.value.events.count }

        func stop() async throws {
            watcher.stop()
            try await state.wait(for: "the watcher's end") { $0.isOver ? true : nil }
        }
    }

    @Test("a file that is written, replaced, touched, made or removed is told, and nothing else is")
    func files() async throws {
        let shelf = try FlowShelf()
        for name in ["a.lua", "b.lua", "c.lua", "d.lua", "e.lua"] { try shelf.write("1", to: name) }
        let watching = try Watching(shelf)
        try shelf.overwrite("2", at: "a.lua")
        try await watching.expect("a.lua")
        try shelf.write("2", to: "b.lua")
        try await watching.expect("b.lua")
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: shelf.path("c.lua"))
        try await watching.expect("c.lua")
        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: shelf.path("d.lua"))
        try await watching.expect("d.lua")
        // Vim's probe, its swap file, a backup, somebody else's notes.
        for name in ["4913", ".a.lua.swp", "a.lua~", "notes.txt", ".#a.lua", ".hidden.lua"] {
            try shelf.write("x", to: name)
        }
        try shelf.write("new", to: "f.lua")
        try await watching.expect("f.lua")
        try shelf.remove("e.lua")
        try await watching.expect("e.lua")
        try await watching.stop()
    }

    @Test("a burst is one change, or few; a file that is removed and made again within it has changed")
    func burst() async throws {
        let shelf = try FlowShelf()
        try shelf.write("1", to: "a.lua")
        let watching = try Watching(shelf)
        for number in 0..<50 {
            try shelf.remove("a.lua")
            try shelf.write("\(number)", to: "a.lua")
            try shelf.overwrite("\(number)", at: "b.lua")
        }
        try shelf.write("end", to: "c.lua")
        try await watching.expect("a.lua", "b.lua", "c.lua")
        #expect(watching.count <= 5)
    }

    @Test("folders below are watched, those that are made later too, and those that are moved here")
    func folders() async throws {
        let shelf = try FlowShelf()
        try shelf.write("1", to: "lib/deep/x.lua")
        let watching = try Watching(shelf)
        try shelf.write("2", to: "lib/deep/x.lua")
        try await watching.expect("lib/deep/x.lua")
        try shelf.write("1", to: "later/deeper/y.lua")
        try await watching.expect("later/deeper/y.lua")
        try shelf.write("1", to: "later/deeper/z.lua")
        try await watching.expect("later/deeper/z.lua")
        try FileManager.default.moveItem(atPath: shelf.path("later"), toPath: shelf.path("moved"))
        try await watching.expect("moved/deeper/y.lua", "moved/deeper/z.lua", "later/deeper/y.lua")
        try shelf.write("3", to: "moved/deeper/new.lua")
        try await watching.expect("moved/deeper/new.lua")
        try shelf.write("1", to: "lib/other.lua")
        try await watching.expect("lib/other.lua")
        try shelf.remove("lib")
        try await watching.expect("lib/deep/x.lua", "lib/other.lua")
    }

    @Test("the folder itself may vanish and come back")
    func wholeFolder() async throws {
        let shelf = try FlowShelf()
        try shelf.write("1", to: "a.lua")
        let watching = try Watching(shelf)
        try FileManager.default.removeItem(atPath: shelf.flows)
        try await watching.expect("a.lua")
        try shelf.write("1", to: "b.lua")
        try await watching.expect("b.lua")
        try shelf.write("1", to: "c.lua")
        try await watching.expect("c.lua")
    }

    @Test("what lies behind symbolic links is looked at every second, and a circle of them is no trap")
    func links() async throws {
        let shelf = try FlowShelf()
        let files = FileManager.default
        try shelf.write("1", to: "a.lua")
        try shelf.folder.write("1", to: "target.lua")
        try files.createDirectory(atPath: shelf.folder.file("release2"), withIntermediateDirectories: true)
        try shelf.folder.write("1", to: "release2/b.lua")
        try files.createSymbolicLink(atPath: shelf.path("link.lua"), withDestinationPath: "../target.lua")
        try files.createSymbolicLink(atPath: shelf.path("circle"), withDestinationPath: ".")
        // The folder is reached by a link, as deployments do it.
        let current = shelf.folder.file("current")
        try files.createSymbolicLink(atPath: current, withDestinationPath: "flows")
        let watching = try Watching(shelf, folder: current)
        try shelf.folder.write("2", to: "target.lua")
        try await watching.expect(current + "/link.lua")
        try files.removeItem(atPath: current)
        try files.createSymbolicLink(atPath: current, withDestinationPath: "release2")
        try await watching.expect(current + "/a.lua", current + "/b.lua", current + "/link.lua")
        #expect(try FlowTree(folder: shelf.flows).files.count == 2)
    }

    @Test("when the kernel loses announcements everything is looked at")
    func overflow() async throws {
        let shelf = try FlowShelf()
        try shelf.write("1", to: "a.lua")
        var inotify = Inotify(.kernel)
        let watches = inotify.watch([shelf.flows])
        #expect(watches.all && watches.new)
        // More than fs.inotify.max_queued_events, and no two alike in a row.
        let limit = try #require(
            Int(
                try String(contentsOfFile: "/proc/sys/fs/inotify/max_queued_events", encoding: .utf8).prefix {
                    $0 != "\n"
                }))
        let names = ["x", "y"].map { shelf.path($0) }
        for number in 0...limit {
            let file = open(names[number % 2], O_CREAT | O_WRONLY, 0o600)
            close(file)
        }
        try shelf.write("2", to: "a.lua")
        // The written file's own announcement is lost; that there was something is not.
        let written = inotify.take()
        #expect(written == [])
        let more = inotify.take()
        #expect(more == nil)
        inotify.close()
    }

    @Test("announcements are read as inotify(7) lays them out, and cut ones are left")
    func layout() {
        func event(_ watch: Int32, _ mask: UInt32, _ name: [UInt8]) -> [UInt8] {
            [UInt32(bitPattern: watch), mask, 0, UInt32(name.count)].flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * UInt32($0))) }
            } + name
        }
        let bytes = event(1, 2, Array("a.lua".utf8) + [0, 0, 0]) + event(-1, 0x4000, []) + event(3, 8, [97, 0, 0, 0])
        let expected = [
            Inotify.Event(watch: 1, mask: 2, name: "a.lua"), Inotify.Event(watch: -1, mask: 0x4000, name: ""),
            Inotify.Event(watch: 3, mask: 8, name: "a"),
        ]
        #expect(Inotify.events(in: bytes[...]) == expected)
        for length in 0..<bytes.count { #expect(expected.starts(with: Inotify.events(in: bytes[..<length]))) }
        #expect(Inotify.events(in: [UInt8](repeating: 0xFF, count: 64)[...]).isEmpty)
    }

    @Test("without instances or watches it looks every second, and says so once", arguments: [true, false])
    func limits(_ hasInstances: Bool) async throws {
        let shelf = try FlowShelf()
        try shelf.write("1", to: "a.lua")
        var system = Inotify.System.kernel
        if hasInstances { system.add = { _, _ in -ENOSPC } } else { system.open = { -EMFILE } }
        let watching = try Watching(shelf, system: system)
        guard case .limited(let why) = try await watching.next() else { throw NotSeen(description: "the limit") }
        #expect(why.contains(hasInstances ? "fs.inotify.max_user_watches" : "fs.inotify.max_user_instances"))
        for name in ["b.lua", "c.lua"] {
            try shelf.write("1", to: name)
            try await watching.expect(name)
        }
    }

    @Test("a thousand files in a hundred folders are told at once")
    func many() async throws {
        let shelf = try FlowShelf()
        let watching = try Watching(shelf)
        for number in 0..<1_000 { try shelf.write("\(number)", to: "f\(number % 100)/x\(number).lua") }
        var seen: Set<String> = []
        while seen.count < 1_000 {
            guard case .changed(let paths) = try await watching.next() else { throw NotSeen(description: "a change") }
            seen.formUnion(paths)
        }
        #expect(seen.count == 1_000)
    }
}
