/// The responses that later ones may go on from; the oldest are forgotten first.
struct ResponseStore: Sendable {
    private struct Stored {
        let id: String
        let key: String
        let entries: [Dialogue.Entry]
        /// [B]
        let size: Int
    }

    /// Most responses that are kept.
    static let maximumCount = 1024
    /// Most text that is kept. [B]
    static let maximumSize = 32 << 20

    private var stored: [Stored] = []
    private var size = 0

    /// Keeps a response's context and output. One that is larger than everything that may be kept is forgotten at once.
    mutating func add(_ id: String, key: String, entries: [Dialogue.Entry]) {
        let entrySize = entries.reduce(0) { $0 + $1.size }
        stored.append(Stored(id: id, key: key, entries: entries, size: entrySize))
        size += entrySize
        var forgotten = max(0, stored.count - Self.maximumCount)
        size -= stored[..<forgotten].reduce(0) { $0 + $1.size }
        while size > Self.maximumSize {
            size -= stored[forgotten].size
            forgotten += 1
        }
        stored.removeFirst(forgotten)
    }

    /// What a response with this predecessor reads; `nil` when the key has none of that name, or no more.
    func entries(behind id: String, key: String) -> [Dialogue.Entry]? {
        stored.last { $0.id == id && $0.key == key }?.entries
    }
}

extension Dialogue.Entry {
    /// [B]
    fileprivate var size: Int {
        switch self {
        case .message(_, let text): 64 + text.utf8.count
        case .call(let id, let name, let arguments): 64 + id.utf8.count + name.utf8.count + arguments.utf8.count
        case .result(let callID, let output): 64 + callID.utf8.count + output.utf8.count
        }
    }
}
