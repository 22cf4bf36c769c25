import GRDB

/// Why the call store could not do what was asked. ``message`` says what to do; it holds no stored values.
public struct CallStoreError: Error, Sendable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable {
        /// The folder or the file cannot be created, read or written.
        case notWritable
        case diskFull
        /// The file is no SQLite database, is damaged, or holds a record that cannot be read.
        case corrupt
        /// Another process holds the database.
        case locked
        /// The file was written by a newer version of this program.
        case tooNew
        /// A record of that identifier exists.
        case duplicate
        /// A key that entries cannot have.
        case invalidKey
        /// What should be added to is no number.
        case notANumber
        /// More than one agent may keep.
        case limitReached
        case system
    }

    public var code: Code
    public var message: String
    /// Whether the same call may succeed later without anybody's help.
    public var isRetryable: Bool { code == .locked }
    public var underlying: (any Error)?

    public init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    public var description: String { message }

    init(_ error: any Error, path: String) {
        guard let error = error as? DatabaseError else {
            if let error = error as? CallStoreError {
                self = error
            } else {
                self.init(.system, "The call database \(path) failed: \(error).", underlying: error)
            }
            return
        }
        switch error.resultCode {
        case .SQLITE_NOTADB, .SQLITE_CORRUPT:
            self.init(
                .corrupt, "The call database \(path) is damaged. Move it away; a new one is made at the next start.",
                underlying: error)
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self.init(
                .locked, "The call database \(path) is held by another process. Stop that one, or use another folder.",
                underlying: error)
        case .SQLITE_FULL: self.init(.diskFull, "No room is left for the call database \(path).", underlying: error)
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_IOERR:
            self.init(
                .notWritable, "The call database \(path) cannot be written. Check the permissions of file and folder.",
                underlying: error)
        case .SQLITE_CONSTRAINT:
            self.init(
                .duplicate, "The call database \(path) has a record of that identifier already.", underlying: error)
        default:
            // Without the statement's arguments: they may be secrets.
            let words = error.message ?? "SQLite error \(error.resultCode.rawValue)"
            self.init(.system, "The call database \(path) failed: \(words).", underlying: error)
        }
    }
}
