import GRDB
import Glibc
import SansIO

/// Trunks, dispatches, call records and what scripts keep, in one SQLite file, which survives restarts.
///
/// The file holds trunk passwords and transcripts: it is readable by its owner alone (mode 0600).
public final class CallStore: Sendable {
    /// Where the database is.
    public let path: String
    private let queue: DatabaseQueue

    /// The file's name in the folder that is given to ``open(folder:)``.
    public static let fileName = "calls.sqlite"

    /// Opens or makes the database, and brings an older one up to date.
    ///
    /// - Parameters:
    ///   - folder: Made if it is not there, for its owner alone.
    ///   - busyTimeout: How long to wait for another process that holds the database.
    /// - Throws: ``CallStoreError``.
    public static func open(
        folder: String, busyTimeout: Duration = .seconds(5)
    ) async throws(CallStoreError) -> CallStore {
        try makeFolder(folder)
        let path = folder.hasSuffix("/") ? folder + fileName : "\(folder)/\(fileName)"
        try protect(path)
        do {
            return try await Task { try CallStore(opening: path, busyTimeout: busyTimeout) }.value
        } catch {
            throw CallStoreError(error, path: path)
        }
    }

    /// A store that is gone with the process: for test calls.
    ///
    /// - Throws: ``CallStoreError``.
    public static func inMemory() throws(CallStoreError) -> CallStore {
        do {
            return try CallStore(DatabaseQueue(), path: ":memory:")
        } catch {
            throw CallStoreError(error, path: ":memory:")
        }
    }

    private convenience init(opening path: String, busyTimeout: Duration) throws {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(busyTimeout.seconds)
        configuration.label = "calls"
        try self.init(DatabaseQueue(path: path, configuration: configuration), path: path)
    }

    private init(_ queue: DatabaseQueue, path: String) throws {
        let migrator = Schema.migrator
        guard try !queue.read(migrator.hasBeenSuperseded) else {
            throw CallStoreError(
                .tooNew,
                "The call database \(path) was written by a newer Moonline. Update this one, or use another folder.")
        }
        try migrator.migrate(queue)
        self.path = path
        self.queue = queue
    }

    /// Makes sure that everything is on the disk, and lets go of the file. Nothing may be called afterwards.
    public func close() throws(CallStoreError) {
        do {
            try queue.close()
        } catch {
            throw CallStoreError(error, path: path)
        }
    }

    // MARK: Trunks

    /// Stores a new trunk.
    ///
    /// - Throws: ``CallStoreError`` with ``CallStoreError/Code/duplicate`` when the identifier is taken.
    public func insert(_ trunk: TrunkRecord) async throws(CallStoreError) {
        try await write { try Statement.insert(trunk.columns, into: "trunk", replacing: false, in: $0) }
    }

    /// All trunks, oldest first.
    public func trunks() async throws(CallStoreError) -> [TrunkRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM trunk ORDER BY created_at, id").map(TrunkRecord.init)
        }
    }

    public func trunk(id: String) async throws(CallStoreError) -> TrunkRecord? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM trunk WHERE id = ?", arguments: [id]).map(TrunkRecord.init)
        }
    }

    /// Removes a trunk.
    ///
    /// - Returns: What it was; `nil` when there was none.
    public func deleteTrunk(id: String) async throws(CallStoreError) -> TrunkRecord? {
        try await write { database in
            try Row.fetchOne(database, sql: "DELETE FROM trunk WHERE id = ? RETURNING *", arguments: [id])
                .map(TrunkRecord.init)
        }
    }

    // MARK: Dispatches

    /// Stores a dispatch, in place of the one with the same identifier.
    public func save(_ dispatch: DispatchRecord) async throws(CallStoreError) {
        try await write { try Statement.insert(dispatch.columns, into: "dispatch", replacing: true, in: $0) }
    }

    public func dispatch(id: String) async throws(CallStoreError) -> DispatchRecord? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM dispatch WHERE id = ?", arguments: [id])
                .map(DispatchRecord.init)
        }
    }

    /// Changes a dispatch as it is stored now, in one transaction.
    ///
    /// - Returns: What it has become; `nil` when there is none of that identifier.
    public func updateDispatch(
        id: String, _ change: @escaping @Sendable (inout DispatchRecord) -> Void
    ) async throws(CallStoreError) -> DispatchRecord? {
        try await write { database in
            guard
                let row = try Row.fetchOne(database, sql: "SELECT * FROM dispatch WHERE id = ?", arguments: [id])
            else { return nil }
            var record = try DispatchRecord(row)
            change(&record)
            try Statement.insert(record.columns, into: "dispatch", replacing: true, in: database)
            return record
        }
    }

    /// The dispatches that are not deleted, oldest first.
    ///
    /// - Parameter room: `nil` for all rooms.
    public func dispatches(room: String? = nil) async throws(CallStoreError) -> [DispatchRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM dispatch WHERE deleted_at IS NULL AND (?1 IS NULL OR room = ?1)
                    ORDER BY created_at, id
                    """, arguments: [room]
            ).map(DispatchRecord.init)
        }
    }

    // MARK: Calls

    /// Stores a call, in place of the one with the same identifier.
    public func save(_ call: CallRecord) async throws(CallStoreError) {
        try await write { try Statement.insert(call.columns, into: "call", replacing: true, in: $0) }
    }

    public func call(id: String) async throws(CallStoreError) -> CallRecord? {
        try await read { database in
            try Row.fetchOne(database, sql: "SELECT * FROM call WHERE id = ?", arguments: [id]).map(CallRecord.init)
        }
    }

    /// The latest calls, newest first.
    ///
    /// - Parameters:
    ///   - limit: At most this many.
    ///   - dispatchID: Only the calls of that dispatch.
    public func calls(limit: Int = 100, dispatchID: String? = nil) async throws(CallStoreError) -> [CallRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM call WHERE (?1 IS NULL OR dispatch_id = ?1)
                    ORDER BY started_at DESC, id DESC LIMIT ?2
                    """, arguments: [dispatchID, max(0, limit)]
            ).map(CallRecord.init)
        }
    }

    /// Ends the records of calls that were running when the process died.
    ///
    /// - Parameter now: Unix time. [ns]
    /// - Returns: How many there were.
    public func endUnfinishedCalls(
        now: Int64, outcome: String, message: String
    ) async throws(CallStoreError) -> Int {
        try await write { database in
            try database.execute(
                sql: "UPDATE call SET ended_at = ?, outcome = ?, message = ? WHERE ended_at IS NULL",
                arguments: [now, outcome, message])
            return database.changesCount
        }
    }

    // MARK: Access

    /// Writes in one transaction. Goes on when the calling task is cancelled: a call that is torn down must still be
    /// able to leave its record.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(CallStoreError) -> Result {
        do {
            return try await Task { [queue] in try await queue.write(body) }.value
        } catch {
            throw CallStoreError(error, path: path)
        }
    }

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(CallStoreError) -> Result {
        do {
            return try await Task { [queue] in try await queue.read(body) }.value
        } catch {
            throw CallStoreError(error, path: path)
        }
    }

    // MARK: Files

    private static func makeFolder(_ folder: String) throws(CallStoreError) {
        guard !folder.isEmpty else {
            throw CallStoreError(.notWritable, "The folder of the call database has no name.")
        }
        var made = folder.hasPrefix("/") ? "/" : ""
        for part in folder.split(separator: "/") {
            made += made.isEmpty || made.hasSuffix("/") ? String(part) : "/\(part)"
            if mkdir(made, 0o700) != 0, errno != EEXIST, access(made, F_OK) != 0 {
                throw CallStoreError(
                    .notWritable, "The folder \(folder) cannot be made: \(text(errno)). Choose one that is writable.")
            }
        }
        guard access(folder, W_OK | X_OK) == 0 else {
            throw CallStoreError(
                .notWritable, "The folder \(folder) cannot be written: \(text(errno)). Choose another.")
        }
    }

    /// Makes the file before SQLite does, with the mode that SQLite then gives to its side files as well.
    private static func protect(_ path: String) throws(CallStoreError) {
        let file = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0, fchmod(file, 0o600) == 0 else {
            let reason = text(errno)
            if file >= 0 { Glibc.close(file) }
            throw CallStoreError(.notWritable, "The call database \(path) cannot be opened: \(reason).")
        }
        Glibc.close(file)
    }

    private static func text(_ number: Int32) -> String { String(cString: strerror(number)) }
}

private enum Statement {
    /// Inserts a row. Names come from this module; values are bound.
    static func insert(
        _ columns: [(String, (any DatabaseValueConvertible)?)], into table: String, replacing: Bool,
        in database: Database
    ) throws {
        let names = columns.map(\.0).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        try database.execute(
            sql: "INSERT \(replacing ? "OR REPLACE " : "")INTO \(table) (\(names)) VALUES (\(marks))",
            arguments: StatementArguments(columns.map(\.1)))
    }
}
