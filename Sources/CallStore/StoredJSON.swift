import SansIO

/// Columns that hold JSON.
enum StoredJSON {
    static func text(_ strings: [String]) -> String { JSON.array(strings.map { .string($0) }).text }

    static func text(_ map: [String: String]) -> String {
        JSON.object(JSONObject(members: map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })).text
    }

    static func value(_ text: String) throws(CallStoreError) -> JSON {
        do throws(JSONError) {
            return try JSON(parsing: text)
        } catch {
            throw CallStoreError(.corrupt, "A record of the call database holds no JSON: \(error).", underlying: error)
        }
    }

    static func strings(_ text: String) throws(CallStoreError) -> [String] {
        guard let array = try value(text).array else { throw unexpected }
        return array.compactMap(\.string)
    }

    static func map(_ text: String) throws(CallStoreError) -> [String: String] {
        guard let members = try value(text).object?.members else { throw unexpected }
        return Dictionary(members.compactMap { member in member.value.string.map { (member.key, $0) } }) { $1 }
    }

    private static var unexpected: CallStoreError {
        CallStoreError(.corrupt, "A record of the call database holds JSON of another kind than expected.")
    }
}
