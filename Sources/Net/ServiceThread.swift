import Glibc

/// A thread of the system for work that blocks: `poll`, `getaddrinfo`, libcurl's loop.
enum ServiceThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread.
    ///
    /// - Parameter body: The whole life of the thread.
    /// - Throws: ``NetError`` when the system has no thread left.
    static func start(_ body: @escaping @Sendable () -> Void) throws(NetError) {
        var thread = pthread_t()
        let boxed = Unmanaged.passRetained(Body(run: body))
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, boxed.toOpaque())
        guard status == 0 else {
            boxed.release()
            throw NetError(errno: status, action: "start a thread")
        }
        pthread_detach(thread)
    }
}
