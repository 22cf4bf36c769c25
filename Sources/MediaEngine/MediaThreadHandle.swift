import CLinux
import Glibc

/// A thread of the system, for code that must not share the concurrency runtime's.
final class MediaThreadHandle: Sendable {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let thread: pthread_t

    /// Starts the thread.
    ///
    /// - Parameter name: At most 15 characters, as seen in `top`.
    init(name: String, body: @escaping @Sendable () -> Void) throws(MediaError) {
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let start = Unmanaged<Start>.fromOpaque(context).takeRetainedValue()
                clinux_thread_name(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard error == 0 else {
            start.release()
            throw MediaError(
                .system, "The system refused a thread: \(String(cString: strerror(error))).", errorNumber: error)
        }
        self.thread = thread
    }

    /// Waits for the end of the thread; at once when called by the thread itself.
    func join() {
        guard pthread_equal(thread, pthread_self()) == 0 else { return }
        pthread_join(thread, nil)
    }
}
