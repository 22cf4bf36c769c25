public import SansIO

/// A service beside LiveKit's own, served over the same routes with the same tokens and errors.
///
/// A token must have `roomAdmin`, the right by which dispatches are created, without being bound to one room.
public struct TwirpService: Sendable {
    /// Takes a JSON object and returns one; throws what the caller should see.
    public typealias Method = @Sendable (JSON) async throws(TwirpError) -> JSON

    private let name: String
    private let methods: [String: Method]

    /// - Parameter name: With its package: `moonline.Flows`.
    public init(_ name: String, methods: [String: Method]) {
        self.name = name
        self.methods = methods
    }

    /// - Parameter route: `<Service>/<Method>`.
    func method(of route: String) -> Method? {
        route.hasPrefix(name + "/") ? methods[String(route.dropFirst(name.utf8.count + 1))] : nil
    }
}
