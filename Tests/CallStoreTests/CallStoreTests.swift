import CallStore
import GRDB
import SansIO
import Testing

@Suite("CallStore")
struct CallStoreTests {
    private let folder = TemporaryFolder()

    private func open() async throws -> CallStore { try await CallStore.open(folder: folder.path) }

    private var trunk: TrunkRecord {
        var trunk = TrunkRecord(id: "ST_1", address: "sip.example.com", createdAt: 5)
        trunk.name = "Büro"
        trunk.metadata = "{}"
        trunk.transport = "udp"
        trunk.numbers = ["+1", "+2"]
        trunk.authUsername = "u"
        trunk.authPassword = Secret("hunter2")
        trunk.headers = ["X-A": "it's"]
        trunk.headersToAttributes = ["X-B": "b"]
        trunk.attributesToHeaders = ["c": "X-C"]
        trunk.destinationCountry = "US"
        trunk.fromHost = "example.com"
        return trunk
    }

    private var dispatch: DispatchRecord {
        var dispatch = DispatchRecord(id: "AD_1", agentName: "a", room: "r", metadata: "+15105550100", createdAt: 7)
        dispatch.attributes = ["k": "v"]
        dispatch.jobs = [["id": "AJ_1"]]
        return dispatch
    }

    private var call: CallRecord {
        var call = CallRecord(
            id: "c1", agent: "a", room: "r", direction: .outbound, to: "+15105550100", from: "+1", startedAt: 10)
        call.dispatchID = "AD_1"
        call.trunkID = "ST_1"
        call.answeredAt = 11
        call.endedAt = .max
        call.outcome = "completed"
        call.sipStatus = 200
        call.message = "fine"
        call.hungUpBy = "agent"
        call.scriptVersion = "3f"
        call.media = .init(
            packetsSent: 1, packetsReceived: 2, packetsLost: 3, jitterMilliseconds: 0.25, roundTripMilliseconds: 1.5)
        call.turns = [["ms": 412]]
        call.transcript = [["who": "agent", "text": "Grüß Gott \"x\" \u{0}"]]
        call.recordingPath = "/tmp/a.wav"
        call.eventLogPath = "/tmp/a.jsonl"
        return call
    }

    @Test("Everything survives a restart, field by field")
    func restart() async throws {
        defer { folder.remove() }
        let first = try await open()
        try await first.insert(trunk)
        try await first.save(dispatch)
        try await first.save(call)
        let bare = CallRecord(id: "c2", agent: "a", room: "r", direction: .inbound, to: "t", from: "f", startedAt: 20)
        try await first.save(bare)
        try first.close()
        let second = try await open()
        #expect(try await second.trunks() == [trunk])
        #expect(try await second.trunk(id: "ST_1") == trunk)
        #expect(try await second.dispatches(room: "r") == [dispatch])
        #expect(try await second.dispatch(id: "AD_1") == dispatch)
        #expect(try await second.call(id: "c1") == call)
        #expect(try await second.calls() == [bare, call])
        #expect(try await second.calls(limit: 1) == [bare])
        #expect(try await second.calls(dispatchID: "AD_1") == [call])
        #expect(try await second.call(id: "c3") == nil)
    }

    @Test("Deleting a trunk gives it back once; a taken identifier is refused")
    func trunks() async throws {
        defer { folder.remove() }
        let store = try await open()
        try await store.insert(trunk)
        let error = await failure { () async throws(CallStoreError) in try await store.insert(trunk) }
        #expect(error?.code == .duplicate)
        #expect("\(error.map { "\($0) \(String(reflecting: $0))" } ?? "")".contains("hunter2") == false)
        #expect(try await store.deleteTrunk(id: "ST_1") == trunk)
        #expect(try await store.deleteTrunk(id: "ST_1") == nil)
        #expect(try await store.trunks().isEmpty)
    }

    @Test("A deleted dispatch is no longer listed, and still found by its identifier")
    func dispatches() async throws {
        defer { folder.remove() }
        let store = try await open()
        try await store.save(dispatch)
        var other = dispatch
        other.id = "AD_2"
        other.room = "s"
        try await store.save(other)
        #expect(try await store.dispatches().map(\.id) == ["AD_1", "AD_2"])
        var deleted = dispatch
        deleted.deletedAt = 9
        try await store.save(deleted)
        #expect(try await store.dispatches().map(\.id) == ["AD_2"])
        #expect(try await store.dispatches(room: "r").isEmpty)
        #expect(try await store.dispatch(id: "AD_1") == deleted)
    }

    @Test("Calls that were running at a crash are ended at the next start, others are left alone")
    func unfinished() async throws {
        defer { folder.remove() }
        let store = try await open()
        try await store.save(call)
        var running = call
        running.id = "c2"
        running.endedAt = nil
        try await store.save(running)
        #expect(try await store.endUnfinishedCalls(now: 99, outcome: "interrupted", message: "m") == 1)
        #expect(try await store.endUnfinishedCalls(now: 99, outcome: "interrupted", message: "m") == 0)
        #expect(try await store.call(id: "c1") == call)
        let ended = try #require(await store.call(id: "c2"))
        #expect(ended.endedAt == 99)
        #expect(ended.outcome == "interrupted")
    }

    @Test("Many tasks write and read at once, and nothing is lost")
    func concurrentWrites() async throws {
        defer { folder.remove() }
        let store = try await open()
        let template = call
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    var call = template
                    call.id = "c\(number)"
                    try await store.save(call)
                    call.outcome = "updated"
                    try await store.save(call)
                    _ = try await store.calls(limit: 5)
                }
            }
            try await group.waitForAll()
        }
        let calls = try await store.calls(limit: 1000)
        #expect(calls.count == 200)
        #expect(calls.allSatisfy { $0.outcome == "updated" })
    }

    @Test("A cancelled task still leaves its record")
    func cancelled() async throws {
        defer { folder.remove() }
        let store = try await open()
        let record = call
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            try await store.save(record)
        }
        try await task.value
        #expect(try await store.call(id: "c1") == record)
    }

    @Test("The files are for their owner alone, also when an older one was open to all")
    func modes() async throws {
        defer { folder.remove() }
        folder.write("", to: "calls.sqlite")
        let store = try await open()
        try await store.insert(trunk)
        #expect(folder.mode("calls.sqlite") == 0o600)
        #expect(folder.mode("calls.sqlite-wal") == 0o600)
        try store.close()
    }

    @Test("A record prints without its password")
    func hidden() {
        var dumped = ""
        dump(trunk, to: &dumped)
        #expect(!"\(trunk) \(dumped)".contains("hunter2"))
    }

    @Test("A database of version 1 is brought up to date and keeps its contents")
    func migration() async throws {
        defer { folder.remove() }
        let old = try DatabaseQueue(path: folder.database)
        try await old.write { database in
            try database.execute(sql: VersionOne.dump)
        }
        try old.close()
        let store = try await open()
        let trunk = try #require(await store.trunks().first)
        #expect(trunk.id == "ST_old")
        #expect(trunk.numbers == ["+15105550100"])
        #expect(trunk.authPassword?.revealed == "p")
        #expect(try await store.dispatches(room: "old").map(\.id) == ["AD_old"])
        try await store.save(call)
        #expect(try await store.calls() == [call])
        try store.close()
        // A second start finds nothing to do.
        #expect(try await open().trunks() == [trunk])
    }

    @Test("A database of a newer version is left alone")
    func tooNew() async throws {
        defer { folder.remove() }
        try await open().close()
        let queue = try DatabaseQueue(path: folder.database)
        try await queue.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('999')") }
        try queue.close()
        let error = await failure { () async throws(CallStoreError) in
            _ = try await CallStore.open(folder: folder.path)
        }
        #expect(error?.code == .tooNew)
    }

    @Test("A file that is no database is named, and not touched")
    func corrupt() async throws {
        defer { folder.remove() }
        let noise = String(repeating: "this is no database. ", count: 500)
        folder.write(noise, to: "calls.sqlite")
        let error = await failure { () async throws(CallStoreError) in
            _ = try await CallStore.open(folder: folder.path)
        }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains(folder.database) == true)
        #expect(error?.message.contains("Move it away") == true)
    }

    @Test("A database that another process holds is reported as locked")
    func locked() async throws {
        defer { folder.remove() }
        try await open().close()
        var configuration = Configuration()
        configuration.busyMode = .immediateError
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: folder.database, configuration: configuration)
        try await other.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        }
        let error = await failure { () async throws(CallStoreError) in
            _ = try await CallStore.open(folder: folder.path, busyTimeout: .milliseconds(20))
        }
        #expect(error?.code == .locked)
        #expect(error?.isRetryable == true)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try other.close()
    }

    @Test("A folder that is missing is made; one that cannot be is named")
    func folders() async throws {
        defer { folder.remove() }
        let nested = TemporaryFolder()
        nested.remove()
        let store = try await CallStore.open(folder: nested.path)
        #expect(nested.mode("") == 0o700)
        try store.close()
        nested.remove()
        folder.write("", to: "calls.sqlite")
        for impossible in ["", "/proc/nothing/here", folder.database] {
            let error = await failure { () async throws(CallStoreError) in
                _ = try await CallStore.open(folder: impossible)
            }
            #expect(error?.code == .notWritable)
            #expect(error?.message.isEmpty == false)
        }
    }

    private func failure(_ body: () async throws(CallStoreError) -> Void) async -> CallStoreError? {
        do throws(CallStoreError) {
            try await body()
            return nil
        } catch {
            return error
        }
    }
}
