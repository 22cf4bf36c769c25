import SansIO

/// What was said and done in a conversation, as far as it is true, in the order in which it belongs.
///
/// What the far end said, as it was written down; what the agent said, as far as it was heard; what others put in; and
/// functions with their results. It knows nothing of how a model is reached: whoever talks to one tells it what happens,
/// and takes from it what a model has to know.
struct ConversationHistory: Hashable, Sendable {
    enum Role: String, Hashable, Sendable {
        case system, user, assistant
    }

    /// One thing that a model is told.
    enum Item: Hashable, Sendable {
        case message(Role, text: String)
        /// A function that was called, and what it gave; never one without the other.
        case function(RealtimeFunctionCall, output: String)
    }

    /// What the far end heard of a part of what the agent wrote.
    enum Heard: Hashable, Sendable {
        /// Nothing is known yet; it counts as said.
        case expected
        case whole
        /// It was cut, and so much of it was heard; empty for nothing.
        case cut(String)
    }

    /// A piece of the agent's speech that is heard or cut by itself.
    struct Part: Hashable, Sendable {
        /// As the model wrote it.
        var shown = ""
        var heard = Heard.expected

        /// What counts as said.
        var text: String {
            switch heard {
            case .expected, .whole: shown
            case .cut(let text): text
            }
        }
    }

    enum Content: Hashable, Sendable {
        /// Put in by the script.
        case message(Role, text: String)
        /// A turn of the far end; words that are not final may be replaced.
        case caller(text: String, isFinal: Bool)
        /// Parts of the agent's speech by their numbers.
        case agent([Int: Part])
        /// `output` is `nil` while the function runs.
        case function(RealtimeFunctionCall, output: String?)
        /// Keeps a place for what is to come, or for what was taken out.
        case nothing
    }

    struct Entry: Hashable, Sendable {
        /// The item's, or one of our own until the item's is known.
        fileprivate(set) var id: String
        fileprivate(set) var content: Content
        /// Whether the model's conversation has no item for it yet, as far as is known.
        fileprivate var isUnplaced = false

        /// What a model has to know of the entry, if there is anything.
        var item: Item? {
            switch content {
            case .message(let role, let text): .message(role, text: text)
            case .caller(let text, _): text.isEmpty ? nil : .message(.user, text: text)
            case .agent(let parts):
                ConversationHistory.text(of: parts).isEmpty
                    ? nil : .message(.assistant, text: ConversationHistory.text(of: parts))
            case .function(let call, let output?): .function(call, output: output)
            case .function(_, nil), .nothing: nil
            }
        }

        fileprivate var beginsTurn: Bool {
            if case .message(.user, _)? = item { true } else { false }
        }

        fileprivate var length: Int {
            switch item {
            case .message(_, let text): text.count
            case .function(let call, let output): call.name.count + call.arguments.count + output.count
            case nil: 0
            }
        }
    }

    private(set) var entries: [Entry] = []
    private var nextNumber = 1

    private static let ownPrefix = "moonline_item_"

    // MARK: What a model has to know

    var items: [Item] { entries.compactMap(\.item) }

    /// The newest entries that say something, within a number of characters. The oldest are left out, in whole turns of
    /// the caller; the newest turn stays, however long it is.
    func newest(characters budget: Int) -> [Entry] {
        let telling = entries.filter { $0.item != nil }
        var start = telling.count
        var end = telling.count
        var length = 0
        while end > 0 {
            let begin = telling[..<end].lastIndex(where: \.beginsTurn) ?? 0
            length += telling[begin..<end].reduce(0) { $0 + $1.length }
            guard length <= budget || start == telling.count else { break }
            start = begin
            end = begin
        }
        return Array(telling[start...])
    }

    /// The content of an entry; `nil` when there is none.
    subscript(id: String) -> Content? { index(id).map { entries[$0].content } }

    /// What counts as said of an item of the agent.
    func text(of id: String) -> String {
        guard case .agent(let parts)? = self[id] else { return "" }
        return Self.text(of: parts)
    }

    /// What the far end said in a turn, if it was written down.
    func finalText(of id: String) -> String? {
        guard case .caller(let text, true)? = self[id] else { return nil }
        return text
    }

    private static func text(of parts: [Int: Part]) -> String {
        parts.sorted { $0.key < $1.key }.map { $0.value.text.trimmingWhitespace() }.filter { !$0.isEmpty }
            .joined(separator: " ")
    }

    // MARK: What happens

    /// The far end has taken a turn.
    mutating func callerSpoke(_ id: String, after previousID: String? = nil) {
        guard !id.isEmpty else { return }
        if index(id) == nil { entries.append(Entry(id: id, content: .caller(text: "", isFinal: false))) }
        place(id, after: previousID)
    }

    /// Words of a turn.
    ///
    /// - Parameters:
    ///   - text: All that is known of it, or `nil` when nothing can be known.
    ///   - isFinal: Whether that stays.
    mutating func callerSaid(_ id: String, _ text: String?, isFinal: Bool) {
        guard !id.isEmpty else { return }
        let index = index(id) ?? append(id, .nothing)
        let known: String
        switch entries[index].content {
        case .caller(let text, false): known = text
        case .nothing: known = ""
        case .caller(_, true), .message, .agent, .function: return
        }
        entries[index].content = .caller(text: text?.trimmingWhitespace() ?? known, isFinal: isFinal)
    }

    /// More words of a turn that is not written down yet.
    mutating func callerSaid(_ id: String, more delta: String) {
        var text = ""
        if case .caller(let known, _)? = self[id] { text = known }
        guard !id.isEmpty, finalText(of: id) == nil else { return }
        let index = index(id) ?? append(id, .nothing)
        switch entries[index].content {
        case .caller, .nothing: entries[index].content = .caller(text: text + delta, isFinal: false)
        case .message, .agent, .function: break
        }
    }

    /// The agent's model has written more of a part.
    ///
    /// - Parameter isWhole: Whether the text stands in place of what was written before.
    mutating func wrote(_ id: String, part number: Int = 0, _ text: String, isWhole: Bool = false) {
        guard !id.isEmpty else { return }
        let index = index(id) ?? append(id, .agent([:]))
        var parts: [Int: Part] = [:]
        switch entries[index].content {
        case .agent(let known): parts = known
        case .nothing: break
        case .message, .caller, .function: return
        }
        if isWhole {
            parts[number, default: Part()].shown = text
        } else {
            parts[number, default: Part()].shown += text
        }
        entries[index].content = .agent(parts)
    }

    /// What the far end heard of a part; what was cut stays cut.
    mutating func heard(_ id: String, part number: Int = 0, _ heard: Heard) {
        guard let index = index(id), case .agent(var parts) = entries[index].content, var part = parts[number] else {
            return
        }
        if heard == .whole, case .cut = part.heard { return }
        part.heard = heard
        parts[number] = part
        entries[index].content = .agent(parts)
    }

    /// The conversation is over: what was not heard by now never will be.
    mutating func end() {
        for index in entries.indices {
            guard case .agent(let parts) = entries[index].content else { continue }
            entries[index].content = .agent(
                parts.mapValues { $0.heard == .expected ? Part(shown: $0.shown, heard: .cut("")) : $0 })
        }
    }

    /// Words that nobody spoke are put in at the end.
    mutating func add(_ role: Role, _ text: String) {
        let index = append("\(Self.ownPrefix)\(nextNumber)", .message(role, text: text))
        entries[index].isUnplaced = true
        nextNumber += 1
    }

    /// The model has called a function.
    mutating func called(_ call: RealtimeFunctionCall, id: String) {
        let id = id.isEmpty ? "\(Self.ownPrefix)\(call.callID)" : id
        let index = index(id) ?? append(id, .nothing)
        if case .nothing = entries[index].content { entries[index].content = .function(call, output: nil) }
    }

    /// A function has come to its end; the first output counts.
    mutating func returned(callID: String, _ output: String) {
        guard let index = entries.firstIndex(where: { $0.isOpenCall(callID) }),
            case .function(let call, nil) = entries[index].content
        else { return }
        entries[index].content = .function(call, output: output)
    }

    /// Takes an entry out of what was said; its place stays known.
    mutating func remove(_ id: String) {
        if let index = index(id) { entries[index].content = .nothing }
    }

    // MARK: Order

    /// An item of the model's conversation has its place: right behind another one, where that is known.
    ///
    /// - Parameters:
    ///   - role: That of a message. The first one of ours of that role that has no item yet is this item.
    mutating func place(_ id: String, after previousID: String?, role: Role? = nil) {
        guard !id.isEmpty else { return }
        if let index = index(id) {
            entries[index].isUnplaced = false
        } else if let role, let own = entries.firstIndex(where: { $0.isUnplaced && $0.isMessage(of: role) }) {
            entries[own].id = id
            entries[own].isUnplaced = false
        } else {
            _ = append(id, role == .assistant ? .agent([:]) : .nothing)
        }
        guard let previousID, previousID != id, let index = index(id), let previous = self.index(previousID),
            index != previous + 1
        else { return }
        let entry = entries.remove(at: index)
        entries.insert(entry, at: (index < previous ? previous - 1 : previous) + 1)
    }

    /// The id of the last entry before another one that fits.
    func last(before id: String, where fits: (Entry) -> Bool) -> String? {
        entries.prefix { $0.id != id }.last(where: fits)?.id
    }

    private func index(_ id: String) -> Int? { entries.lastIndex { $0.id == id } }

    private mutating func append(_ id: String, _ content: Content) -> Int {
        entries.append(Entry(id: id, content: content))
        return entries.count - 1
    }
}

extension ConversationHistory.Entry {
    fileprivate func isOpenCall(_ callID: String) -> Bool {
        if case .function(let call, nil) = content { call.callID == callID } else { false }
    }

    fileprivate func isMessage(of role: ConversationHistory.Role) -> Bool {
        if case .message(role, _) = content { true } else { false }
    }
}

extension String {
    /// What is still to be said of the text when `said` was heard of it. Word for word where both agree; where a voice
    /// has changed spelling or punctuation, behind as many words. Empty where nothing of it can be pronounced.
    func rest(after said: String) -> String {
        let said = said.trimmingWhitespace()
        guard !said.isEmpty else { return self }
        if hasPrefix(said) { return String(dropFirst(said.count)).trimmingWhitespace().ifPronounceable }
        func plain(_ word: Substring) -> String { word.lowercased().filter(\.isPronounceable) }
        let words = spokenWords.filter { !plain($0).isEmpty }
        let saidWords = said.spokenWords.filter { !plain($0).isEmpty }
        let last = saidWords.last.map(plain)
        // A number may be written in more words, or in fewer, than it is said in.
        let offset = [0, 1, -1, 2, -2, 3, -3].first { offset in
            let index = saidWords.count + offset - 1
            return words.indices.contains(index) && plain(words[index]) == last
        }
        let count = saidWords.count + (offset ?? 0)
        guard count < words.count else { return "" }
        return String(self[words[max(count, 0)].startIndex...]).trimmingWhitespace()
    }
}
