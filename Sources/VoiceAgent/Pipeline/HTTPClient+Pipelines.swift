public import Net

extension HTTPClient.Options {
    /// Of the one client that all pipelines of a host share: each call's requests find their connections warm.
    ///
    /// - Parameter calls: At a time, at most.
    public static func pipelines(calls: Int) -> HTTPClient.Options {
        var options = HTTPClient.Options()
        options.maximumIdleConnections = max(options.maximumIdleConnections, requestsPerCall * calls)
        return options
    }

    /// What a call may have under way at once: a transcript, a reply, and two sentences of it.
    private static let requestsPerCall = 4
}
