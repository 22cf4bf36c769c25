import GRDB
public import SansIO

/// What scripts keep: values under keys, apart for each agent's name.
///
/// Times are Unix times. [ns] An expired entry counts as absent at once; its row goes with the next
/// ``CallStore/removeExpiredEntries(now:)``, or when its agent needs room.
extension CallStore {
    /// Bounds of what one agent may keep.
    public struct EntryLimits: Sendable, Hashable {
        /// [byte]
        public var keyBytes = 256
        /// As JSON text. [byte]
        public var valueBytes = 65_536
        public var entries = 10_000

        public init() {}
    }

    /// The value under a key; `nil` when there is none.
    public func entry(agent: String, key: String, now: Int64) async throws(CallStoreError) -> JSON? {
        try CallStore.check(key, EntryLimits())
        return try await read { try Entry.fetch($0, agent: agent, key: key, now: now)?.value() }
    }

    /// Keeps a value, in place of the one under the key.
    ///
    /// - Parameter expiresAt: `nil` for never. [ns]
    /// - Throws: ``CallStoreError`` with ``CallStoreError/Code/limitReached`` or ``CallStoreError/Code/invalidKey``.
    public func setEntry(
        agent: String, key: String, value: JSON, expiresAt: Int64?, now: Int64, limits: EntryLimits = EntryLimits()
    ) async throws(CallStoreError) {
        try CallStore.check(key, limits)
        let text = value.text
        guard text.utf8.count <= limits.valueBytes else {
            throw CallStoreError(
                .limitReached, "The value has \(text.utf8.count) bytes as JSON; \(limits.valueBytes) are allowed.")
        }
        try await write { database in
            try Entry.makeRoom(for: key, of: agent, limits, now: now, in: database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO entry (agent, key, value, expires_at) VALUES (?, ?, ?, ?)",
                arguments: [agent, key, text, expiresAt])
        }
    }

    /// Removes an entry.
    ///
    /// - Returns: Whether there was one.
    public func deleteEntry(agent: String, key: String, now: Int64) async throws(CallStoreError) -> Bool {
        try CallStore.check(key, EntryLimits())
        return try await write { database in
            let existed = try Entry.fetch(database, agent: agent, key: key, now: now) != nil
            try database.execute(sql: "DELETE FROM entry WHERE agent = ? AND key = ?", arguments: [agent, key])
            return existed
        }
    }

    /// Adds to a number in one transaction; where there is none, to 0. When it expires stays as it is.
    ///
    /// - Returns: The sum: whole where both numbers are, and 64 bits hold it.
    /// - Throws: ``CallStoreError`` with ``CallStoreError/Code/notANumber`` when the value is something else, or the sum
    ///   is not finite.
    public func incrementEntry(
        agent: String, key: String, by amount: Double, now: Int64, limits: EntryLimits = EntryLimits()
    ) async throws(CallStoreError) -> JSON {
        try CallStore.check(key, limits)
        return try await write { database in
            let entry = try Entry.fetch(database, agent: agent, key: key, now: now)
            if entry == nil { try Entry.makeRoom(for: key, of: agent, limits, now: now, in: database) }
            let sum = try Entry.sum(entry?.value() ?? 0, amount)
            try database.execute(
                sql: "INSERT OR REPLACE INTO entry (agent, key, value, expires_at) VALUES (?, ?, ?, ?)",
                arguments: [agent, key, sum.text, entry?.expiresAt])
            return sum
        }
    }

    /// The keys that begin with a text, in the order of their bytes.
    public func entryKeys(agent: String, prefix: String, now: Int64) async throws(CallStoreError) -> [String] {
        try await read { database in
            let cursor = try String.fetchCursor(
                database,
                sql: """
                    SELECT key FROM entry
                    WHERE agent = ? AND key >= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY key
                    """, arguments: [agent, prefix, now])
            var keys: [String] = []
            while let key = try cursor.next(), key.utf8.starts(with: prefix.utf8) { keys.append(key) }
            return keys
        }
    }

    /// Removes all that an agent keeps.
    public func removeEntries(agent: String) async throws(CallStoreError) {
        try await write { try $0.execute(sql: "DELETE FROM entry WHERE agent = ?", arguments: [agent]) }
    }

    /// Removes what has expired, of all agents.
    ///
    /// - Returns: How many there were.
    @discardableResult public func removeExpiredEntries(now: Int64) async throws(CallStoreError) -> Int {
        try await write { database in
            try database.execute(sql: "DELETE FROM entry WHERE expires_at <= ?", arguments: [now])
            return database.changesCount
        }
    }

    private static func check(_ key: String, _ limits: EntryLimits) throws(CallStoreError) {
        guard !key.isEmpty, key.utf8.count <= limits.keyBytes, !key.utf8.contains(0) else {
            throw CallStoreError(
                .invalidKey, "A key has 1 to \(limits.keyBytes) bytes and no zero byte; this one has \(key.utf8.count)."
            )
        }
    }
}

private struct Entry {
    let text: String
    let expiresAt: Int64?

    func value() throws(CallStoreError) -> JSON { try StoredJSON.value(text) }

    static func fetch(_ database: Database, agent: String, key: String, now: Int64) throws -> Entry? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT value, expires_at FROM entry
                WHERE agent = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)
                """, arguments: [agent, key, now]
        ).map { Entry(text: $0["value"], expiresAt: $0["expires_at"]) }
    }

    /// Makes sure that an agent may have one more entry, unless the key is one of its own.
    static func makeRoom(
        for key: String, of agent: String, _ limits: CallStore.EntryLimits, now: Int64, in database: Database
    ) throws {
        func count() throws -> Int {
            try Int.fetchOne(
                database, sql: "SELECT count(*) FROM entry WHERE agent = ? AND key <> ?", arguments: [agent, key]) ?? 0
        }
        guard try count() >= limits.entries else { return }
        try database.execute(
            sql: "DELETE FROM entry WHERE agent = ? AND expires_at <= ?", arguments: [agent, now])
        guard try count() >= limits.entries else { return }
        throw CallStoreError(.limitReached, "The agent keeps \(limits.entries) values already; delete some.")
    }

    static func sum(_ value: JSON, _ amount: Double) throws(CallStoreError) -> JSON {
        if case .integer(let number) = value, let whole = Int64(exactly: amount) {
            let (sum, overflow) = number.addingReportingOverflow(whole)
            if !overflow { return .integer(sum) }
        }
        guard let number = value.number, (number + amount).isFinite else {
            throw CallStoreError(.notANumber, "The value under the key is no number that can be added to.")
        }
        return .number(number + amount)
    }
}
