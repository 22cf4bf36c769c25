/// A database as version 1 left it: the output of SQLite's `.dump`, written down once and never changed.
enum VersionOne {
    static let dump = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES('1');
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
        INSERT INTO trunk VALUES('ST_old','n','','sip.example.com','auto','["+15105550100"]','u','p','{}','{}','{}',
            '','',1700000000000000000);
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
        INSERT INTO dispatch VALUES('AD_old','a','old','m','{}','[]',1700000000000000000,NULL);
        CREATE INDEX dispatch_by_room ON dispatch (room, created_at);
        """
}
