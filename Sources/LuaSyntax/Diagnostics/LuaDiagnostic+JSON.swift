public import SansIO

extension LuaDiagnostic {
    /// For editors: `file`, `line`, `column`, `end_line`, `end_column` (columns in bytes, from 1; the end is behind the
    /// last byte), `severity`, `code`, `message`, `hint`, and `notes`, which have a place and a message.
    ///
    /// - Parameter file: The path as the user knows it.
    public func json(file: String) -> JSON {
        var object = Self.place(range, file)
        object["severity"] = .string(severity.rawValue)
        object["code"] = .string(code.rawValue)
        object["message"] = .string(message)
        object["hint"] = hint.map { .string($0) } ?? .null
        object["notes"] = .array(
            notes.map { note in
                var object = Self.place(note.range, file)
                object["message"] = .string(note.message)
                return .object(object)
            })
        return .object(object)
    }

    private static func place(_ range: SourceRange, _ file: String) -> JSONObject {
        var object = JSONObject()
        object["file"] = .string(file)
        object["line"] = .integer(Int64(range.start.line))
        object["column"] = .integer(Int64(range.start.column))
        object["end_line"] = .integer(Int64(range.end.line))
        object["end_column"] = .integer(Int64(range.end.column))
        return object
    }
}
