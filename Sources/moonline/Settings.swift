import FoundationEssentials

/// The settings of a run: flags win over the environment, the environment over the file `.env`.
struct Settings: Sendable {
    /// A setting that is there, but that nobody can use.
    struct Invalid: Error, CustomStringConvertible {
        let description: String
    }

    private let environment: [String: String]
    private let file: [String: String]

    /// - Parameter folder: Where `.env` is looked for; a folder without one is fine.
    init(environment: [String: String] = ProcessInfo.processInfo.environment, folder: String = ".") throws(Invalid) {
        self.environment = environment
        let path = folder + "/.env"
        guard FileManager.default.fileExists(atPath: path) else {
            file = [:]
            return
        }
        guard let contents = FileManager.default.contents(atPath: path),
            let text = String(validating: contents, as: UTF8.self)
        else {
            throw Invalid(description: "\(path) cannot be read as text. Check its permissions, or remove it.")
        }
        file = try Settings.parse(text, path: path)
    }

    /// The value of a variable; an empty one counts as not set.
    subscript(name: String) -> String? {
        if let value = environment[name], !value.isEmpty { return value }
        if let value = file[name], !value.isEmpty { return value }
        return nil
    }

    /// The variables that are set.
    var names: Set<String> {
        Set(environment.filter { !$0.value.isEmpty }.keys).union(file.filter { !$0.value.isEmpty }.keys)
    }

    /// A whole number in a range.
    func integer(_ name: String, in range: ClosedRange<Int>, default fallback: Int) throws(Invalid) -> Int {
        guard let text = self[name] else { return fallback }
        guard let value = Int(text), range.contains(value) else {
            throw Invalid(
                description: "\(name)=\(text) is not a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return value
    }

    /// A range of UDP ports, written `16384-32766`.
    func ports(_ name: String, default fallback: ClosedRange<UInt16>) throws(Invalid) -> ClosedRange<UInt16> {
        guard let text = self[name] else { return fallback }
        let ends = text.split(separator: "-").map { UInt16($0) }
        guard ends.count == 2, let low = ends[0], let high = ends[1], low >= 1024, low < high else {
            throw Invalid(description: "\(name)=\(text) is not a range of ports. Write it like 16384-32766.")
        }
        return low...high
    }

    /// Lines `NAME=value`, `export NAME="value"`, comments behind `#`.
    static func parse(_ text: String, path: String) throws(Invalid) -> [String: String] {
        var values: [String: String] = [:]
        for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = rawLine.trimmingWhitespace()
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = line.dropFirst(7).trimmingWhitespace() }
            guard let equals = line.firstIndex(of: "="), equals != line.startIndex else {
                throw Invalid(description: "\(path):\(index + 1): expected NAME=value.")
            }
            let name = String(line[..<equals].trimmingWhitespace())
            var value = line[line.index(after: equals)...].trimmingWhitespace()
            if let quote = value.first, quote == "\"" || quote == "'" {
                guard let end = value.dropFirst().firstIndex(of: quote) else {
                    throw Invalid(description: "\(path):\(index + 1): the quotation mark is not closed.")
                }
                value = value[value.index(after: value.startIndex)..<end]
            } else if let comment = value.firstRange(of: " #") {
                value = value[..<comment.lowerBound].trimmingWhitespace()
            }
            values[name] = String(value)
        }
        return values
    }
}

extension Substring {
    /// The text without white space at either end.
    fileprivate func trimmingWhitespace() -> Substring {
        var text = self
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
