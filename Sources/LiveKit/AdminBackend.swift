/// What the server API does when a request is authorised and well formed.
///
/// Each closure throws ``TwirpError`` for failures that the caller should see.
public struct AdminBackend: Sendable {
    /// Stores a new trunk and returns it with its identifier.
    public var createTrunk: @Sendable (OutboundTrunk) async throws(TwirpError) -> OutboundTrunk
    public var listTrunks: @Sendable () async throws(TwirpError) -> [OutboundTrunk]
    /// Removes the trunk of that identifier and returns what it was; ``TwirpError/Code/notFound`` when there is none.
    public var deleteTrunk: @Sendable (String) async throws(TwirpError) -> OutboundTrunk
    public var createDispatch: @Sendable (DispatchRequest) async throws(TwirpError) -> Dispatch
    /// The dispatches of a room; with an identifier, that one alone.
    public var listDispatches: @Sendable (_ room: String, _ id: String?) async throws(TwirpError) -> [Dispatch]
    /// Ends the dispatch of that identifier in that room and returns what it was.
    public var deleteDispatch: @Sendable (_ room: String, _ id: String) async throws(TwirpError) -> Dispatch

    public init(
        createTrunk: @escaping @Sendable (OutboundTrunk) async throws(TwirpError) -> OutboundTrunk,
        listTrunks: @escaping @Sendable () async throws(TwirpError) -> [OutboundTrunk],
        deleteTrunk: @escaping @Sendable (String) async throws(TwirpError) -> OutboundTrunk,
        createDispatch: @escaping @Sendable (DispatchRequest) async throws(TwirpError) -> Dispatch,
        listDispatches: @escaping @Sendable (_ room: String, _ id: String?) async throws(TwirpError) -> [Dispatch],
        deleteDispatch: @escaping @Sendable (_ room: String, _ id: String) async throws(TwirpError) -> Dispatch
    ) {
        self.createTrunk = createTrunk
        self.listTrunks = listTrunks
        self.deleteTrunk = deleteTrunk
        self.createDispatch = createDispatch
        self.listDispatches = listDispatches
        self.deleteDispatch = deleteDispatch
    }
}
