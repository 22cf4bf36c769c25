import GRDB

/// The versions of the database, oldest first. A version that has been released is never changed: a new one follows.
enum Schema {
    static let versions = ["1", "2", "3", "4"]

    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1") { database in
            try database.execute(sql: trunksAndDispatches)
        }
        migrator.registerMigration("2") { database in
            try database.execute(sql: calls)
        }
        migrator.registerMigration("3") { database in
            try database.execute(sql: entries)
        }
        migrator.registerMigration("4") { database in
            try database.execute(sql: reconnects)
        }
        return migrator
    }

    private static let trunksAndDispatches = """
        CREATE TABLE trunk (
            id TEXT PRIMARY KEY NOT NULL,
            name TEXT NOT NULL,
            metadata TEXT NOT NULL,
            address TEXT NOT NULL,
            transport TEXT NOT NULL,
            numbers TEXT NOT NULL,
            auth_username TEXT NOT NULL,
            auth_password TEXT,
            headers TEXT NOT NULL,
            headers_to_attributes TEXT NOT NULL,
            attributes_to_headers TEXT NOT NULL,
            destination_country TEXT NOT NULL,
            from_host TEXT NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE dispatch (
            id TEXT PRIMARY KEY NOT NULL,
            agent_name TEXT NOT NULL,
            room TEXT NOT NULL,
            metadata TEXT NOT NULL,
            attributes TEXT NOT NULL,
            jobs TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            deleted_at INTEGER
        ) STRICT;
        CREATE INDEX dispatch_by_room ON dispatch (room, created_at);
        """

    /// Calls outlive their dispatch and their trunk: no foreign keys.
    private static let calls = """
        CREATE TABLE call (
            id TEXT PRIMARY KEY NOT NULL,
            dispatch_id TEXT,
            trunk_id TEXT,
            agent TEXT NOT NULL,
            room TEXT NOT NULL,
            direction TEXT NOT NULL,
            to_address TEXT NOT NULL,
            from_address TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            answered_at INTEGER,
            ended_at INTEGER,
            outcome TEXT,
            sip_status INTEGER,
            message TEXT,
            hung_up_by TEXT,
            script_version TEXT,
            packets_sent INTEGER,
            packets_received INTEGER,
            packets_lost INTEGER,
            jitter_ms REAL,
            round_trip_ms REAL,
            turns TEXT NOT NULL,
            transcript TEXT NOT NULL,
            recording_path TEXT,
            event_log_path TEXT
        ) STRICT;
        CREATE INDEX call_by_start ON call (started_at);
        CREATE INDEX call_by_dispatch ON call (dispatch_id);
        """

    private static let reconnects = """
        ALTER TABLE call ADD COLUMN reconnects INTEGER NOT NULL DEFAULT 0;
        """

    /// Keys and values of scripts; keys compare by their bytes.
    private static let entries = """
        CREATE TABLE entry (
            agent TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            expires_at INTEGER,
            PRIMARY KEY (agent, key)
        ) STRICT;
        CREATE INDEX entry_by_expiry ON entry (expires_at) WHERE expires_at IS NOT NULL;
        """
}
