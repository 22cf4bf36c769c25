import Glibc

/// A folder that is removed with its files when the test ends.
struct TemporaryFolder {
    let path: String

    init() {
        var template = Array("/tmp/moonline-test-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil, "a temporary folder is needed")
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    var database: String { path + "/calls.sqlite" }

    func write(_ text: String, to name: String) {
        guard let file = fopen("\(path)/\(name)", "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    func mode(_ name: String) -> UInt32? {
        var status = stat()
        guard stat("\(path)/\(name)", &status) == 0 else { return nil }
        return status.st_mode & 0o777
    }

    func remove() {
        for name in ["calls.sqlite", "calls.sqlite-wal", "calls.sqlite-shm"] { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
