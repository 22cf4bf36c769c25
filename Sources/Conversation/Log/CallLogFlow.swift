public import SansIO

/// The text of one version of a flow, as a call ran it.
public struct CallLogFlow: Hashable, Sendable {
    public struct File: Hashable, Sendable {
        public var path: String
        public var bytes: [UInt8]

        public init(path: String, bytes: [UInt8]) {
            self.path = path
            self.bytes = bytes
        }
    }

    public var version: String
    /// Of the main file.
    public var path: String
    /// The main file and those that it requires.
    public var files: [File]

    public init(version: String, path: String, files: [File]) {
        self.version = version
        self.path = path
        self.files = files
    }

    /// The event log's form.
    public var logged: JSON {
        [
            "version": .string(version), "path": .string(path),
            "files": .array(
                files.map { file in
                    var form: JSONObject = ["path": .string(file.path)]
                    form.set(bytes: file.bytes, as: "text")
                    return .object(form)
                }),
        ]
    }

    public init(logged json: JSON) throws(CallLogFormError) {
        let fields = LogFields(json)
        version = try fields.text("version")
        path = try fields.text("path")
        files = []
        for form in try fields.array("files") {
            let file = LogFields(form)
            files.append(File(path: try file.text("path"), bytes: try file.bytes("text")))
        }
    }
}

extension JSONObject {
    /// Sets bytes as text where they are UTF-8, and in Base64 under a name that says so where not.
    mutating func set(bytes: [UInt8], as name: String) {
        if let text = String(validating: bytes, as: UTF8.self) {
            self[name] = .string(text)
        } else {
            self[name + "_base64"] = .string(String(decoding: Base64.encode(bytes), as: UTF8.self))
        }
    }
}

extension LogFields {
    /// What `JSONObject.set(bytes:as:)` has set.
    func bytes(_ name: String) throws(CallLogFormError) -> [UInt8] {
        guard json[name] == nil else { return Array(try text(name).utf8) }
        guard let bytes = Base64.decode(try text(name + "_base64").utf8) else {
            throw CallLogFormError(field: name + "_base64")
        }
        return bytes
    }
}
