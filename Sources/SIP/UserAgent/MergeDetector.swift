/// Finds requests that reach us on two paths (RFC 3261 §8.2.2.2).
struct MergeDetector: Sendable {
    private struct Key: Hashable, Sendable {
        let callID: String
        let fromTag: String
        let cseq: CSeq

        init(_ request: Request) {
            callID = request.callID
            fromTag = request.from.tag ?? ""
            cseq = request.cseq
        }
    }

    private var transactions: [Key: ServerTransactionID] = [:]
    private var keys: [ServerTransactionID: Key] = [:]

    var isEmpty: Bool { transactions.isEmpty }

    /// Whether a request without To tag, and without a transaction of its own, belongs to an ongoing one of another
    /// branch. From peers without From tag none does: nothing tells their requests apart.
    func isMerged(_ request: Request) -> Bool { request.from.tag != nil && transactions[Key(request)] != nil }

    mutating func add(_ request: Request, _ transaction: ServerTransactionID) {
        let key = Key(request)
        guard transactions[key] == nil else { return }
        transactions[key] = transaction
        keys[transaction] = key
    }

    mutating func remove(_ transaction: ServerTransactionID) {
        guard let key = keys.removeValue(forKey: transaction) else { return }
        transactions[key] = nil
    }
}
