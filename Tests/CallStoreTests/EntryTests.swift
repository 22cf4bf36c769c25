import CallStore
import GRDB
import SansIO
import Testing

@Suite("What scripts keep")
struct EntryTests {
    private let folder = TemporaryFolder()

    private func open() async throws -> CallStore { try await CallStore.open(folder: folder.path) }

    private func code(_ body: () async throws(CallStoreError) -> Void) async -> CallStoreError.Code? {
        do throws(CallStoreError) {
            try await body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("Values of every kind survive a restart, apart for each agent")
    func restart() async throws {
        defer { folder.remove() }
        let values: [JSON] = [nil, true, 5, 2.5, "Grüß \u{0} Gott", [1, [:]], ["a": ["b": nil]], .integer(.max)]
        let first = try await open()
        for (index, value) in values.enumerated() {
            try await first.setEntry(agent: "a", key: "k\(index)", value: value, expiresAt: nil, now: 0)
        }
        try await first.setEntry(agent: "b", key: "k0", value: "other", expiresAt: nil, now: 0)
        try first.close()
        let second = try await open()
        for (index, value) in values.enumerated() {
            #expect(try await second.entry(agent: "a", key: "k\(index)", now: 0) == value)
        }
        #expect(try await second.entry(agent: "b", key: "k0", now: 0) == "other")
        #expect(try await second.entry(agent: "b", key: "k1", now: 0) == nil)
        try await second.setEntry(agent: "a", key: "k0", value: 9, expiresAt: nil, now: 0)
        #expect(try await second.entry(agent: "a", key: "k0", now: 0) == 9)
        #expect(try await second.deleteEntry(agent: "a", key: "k0", now: 0))
        #expect(try await second.deleteEntry(agent: "a", key: "k0", now: 0) == false)
        #expect(try await second.entry(agent: "b", key: "k0", now: 0) == "other")
    }

    @Test("An expired entry is absent for every function; its row goes when it is asked to")
    func expiry() async throws {
        defer { folder.remove() }
        let store = try await open()
        try await store.setEntry(agent: "a", key: "short", value: 7, expiresAt: 100, now: 0)
        try await store.setEntry(agent: "a", key: "ever", value: 1, expiresAt: nil, now: 0)
        #expect(try await store.entry(agent: "a", key: "short", now: 99) == 7)
        #expect(try await store.incrementEntry(agent: "a", key: "short", by: 1, now: 99) == 8)
        #expect(try await store.entry(agent: "a", key: "short", now: 100) == nil)
        #expect(try await store.entryKeys(agent: "a", prefix: "", now: 100) == ["ever"])
        #expect(try await store.deleteEntry(agent: "a", key: "short", now: 100) == false)
        try await store.setEntry(agent: "a", key: "short", value: 7, expiresAt: 100, now: 0)
        #expect(try await store.incrementEntry(agent: "a", key: "short", by: 2, now: 100) == 2)
        #expect(try await store.entry(agent: "a", key: "short", now: .max) == 2)
        try await store.setEntry(agent: "b", key: "short", value: 7, expiresAt: 100, now: 0)
        #expect(try await store.removeExpiredEntries(now: 99) == 0)
        #expect(try await store.removeExpiredEntries(now: 100) == 1)
    }

    @Test("Keys come by prefix, in the order of their bytes, whatever they hold")
    func keys() async throws {
        defer { folder.remove() }
        let store = try await open()
        let keys = ["a%", "a_b", "ab", "a", "b", "a:2", "a:10", "Ä", "é", "e\u{301}", "'; DROP TABLE entry; --"]
        for key in keys { try await store.setEntry(agent: "x", key: key, value: .string(key), expiresAt: nil, now: 0) }
        for key in keys {
            #expect(
                try await store.entry(agent: "x", key: key, now: 0)?.string.map { Array($0.utf8) } == Array(key.utf8))
        }
        let all = try await store.entryKeys(agent: "x", prefix: "", now: 0)
        #expect(all.map { Array($0.utf8) } == keys.map { Array($0.utf8) }.sorted { $0.lexicographicallyPrecedes($1) })
        #expect(try await store.entryKeys(agent: "x", prefix: "a:", now: 0) == ["a:10", "a:2"])
        #expect(try await store.entryKeys(agent: "x", prefix: "a%", now: 0) == ["a%"])
        #expect(try await store.entryKeys(agent: "x", prefix: "c", now: 0) == [])
        #expect(try await store.entryKeys(agent: "y", prefix: "", now: 0) == [])
    }

    @Test("Increments of many tasks add up; whole numbers stay whole as far as 64 bits go")
    func increments() async throws {
        defer { folder.remove() }
        let store = try await open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask { _ = try await store.incrementEntry(agent: "a", key: "n", by: 1, now: 0) }
            }
            try await group.waitForAll()
        }
        #expect(try await store.entry(agent: "a", key: "n", now: 0) == 200)
        #expect(try await store.incrementEntry(agent: "a", key: "n", by: -0.5, now: 0) == 199.5)
        #expect(try await store.incrementEntry(agent: "a", key: "n", by: 0.5, now: 0) == 200.0)
        try await store.setEntry(agent: "a", key: "max", value: .integer(.max), expiresAt: nil, now: 0)
        #expect(
            try await store.incrementEntry(agent: "a", key: "max", by: 1, now: 0) == .number(9.223372036854775808e18))
        try await store.setEntry(agent: "a", key: "text", value: "5", expiresAt: nil, now: 0)
        let text = await code { () async throws(CallStoreError) in
            _ = try await store.incrementEntry(agent: "a", key: "text", by: 1, now: 0)
        }
        #expect(text == .notANumber)
        #expect(try await store.entry(agent: "a", key: "text", now: 0) == "5")
        try await store.setEntry(agent: "a", key: "huge", value: .number(1e308), expiresAt: nil, now: 0)
        let huge = await code { () async throws(CallStoreError) in
            _ = try await store.incrementEntry(agent: "a", key: "huge", by: 1e308, now: 0)
        }
        #expect(huge == .notANumber)
    }

    @Test("Keys, values and their number are bounded; what has expired makes room")
    func limits() async throws {
        defer { folder.remove() }
        let store = try await open()
        var limits = CallStore.EntryLimits()
        limits.entries = 3
        let bounds = limits
        func set(_ key: String, _ value: JSON = 1, expiresAt: Int64? = nil, now: Int64 = 0) async -> CallStoreError
            .Code?
        {
            await code { () async throws(CallStoreError) in
                try await store.setEntry(
                    agent: "a", key: key, value: value, expiresAt: expiresAt, now: now, limits: bounds)
            }
        }
        #expect(await set("") == .invalidKey)
        #expect(await set("a\u{0}b") == .invalidKey)
        #expect(await set(String(repeating: "ü", count: 129)) == .invalidKey)
        #expect(await set(String(repeating: "ü", count: 128), expiresAt: 10) == nil)
        #expect(await set("v", .string(String(repeating: "x", count: 65_535))) == .limitReached)
        #expect(await set("v", .string(String(repeating: "x", count: 65_534))) == nil)
        #expect(await set("w") == nil)
        #expect(await set("x") == .limitReached)
        #expect(await set("w", 2) == nil)
        let counter = await code { () async throws(CallStoreError) in
            _ = try await store.incrementEntry(agent: "a", key: "x", by: 1, now: 0, limits: bounds)
        }
        #expect(counter == .limitReached)
        try await store.setEntry(agent: "b", key: "x", value: 1, expiresAt: nil, now: 0, limits: bounds)
        #expect(await set("x", now: 10) == nil)
        #expect(try await store.entryKeys(agent: "a", prefix: "", now: 0) == ["v", "w", "x"])
    }

    @Test("A database of version 2 gains the table, and keeps its calls")
    func migration() async throws {
        defer { folder.remove() }
        let store = try await open()
        try await store.save(
            CallRecord(id: "c", agent: "a", room: "r", direction: .inbound, to: "t", from: "f", startedAt: 1))
        try store.close()
        let queue = try DatabaseQueue(path: folder.database)
        try await queue.write { database in
            try database.execute(sql: "DROP TABLE entry; DELETE FROM grdb_migrations WHERE identifier = '3'")
        }
        try queue.close()
        let again = try await open()
        #expect(try await again.calls().map(\.id) == ["c"])
        try await again.setEntry(agent: "a", key: "k", value: 1, expiresAt: nil, now: 0)
        #expect(try await again.entry(agent: "a", key: "k", now: 0) == 1)
    }
}
