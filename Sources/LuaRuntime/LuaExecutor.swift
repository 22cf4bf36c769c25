import CLuaShims
import Glibc
import Synchronization

/// A serial executor whose jobs run on a thread of ``LuaExecutorPool``, never on the cooperative pool.
///
/// A script that computes until its budget ends delays only the scripts of the calls that share its thread. An actor
/// that owns script states keeps one and returns it as its `unownedExecutor`.
public final class LuaExecutor: SerialExecutor {
    private let thread: LuaThread

    init(thread: LuaThread) {
        self.thread = thread
    }

    deinit { thread.removeUser() }

    public func enqueue(_ job: consuming ExecutorJob) {
        thread.enqueue(UnownedJob(job), for: asUnownedSerialExecutor())
    }

    public func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Traps unless the caller runs on the executor's thread.
    public func checkIsolated() {
        precondition(thread.isCurrent, "this must run on the script's own thread")
    }
}

/// Threads on which scripts run.
public final class LuaExecutorPool: Sendable {
    private let threads: [LuaThread]

    /// - Parameter threads: At least one is started.
    public init(threads: Int) {
        self.threads = (0..<max(1, threads)).map { LuaThread(name: "lua-\($0)") }
    }

    deinit {
        for thread in threads { thread.removeUser() }
    }

    /// An executor on the thread that serves the fewest; it counts until it is released.
    public func makeExecutor() -> LuaExecutor {
        var chosen = threads[0]
        for thread in threads.dropFirst() where thread.userCount < chosen.userCount { chosen = thread }
        chosen.addUser()
        return LuaExecutor(thread: chosen)
    }
}

/// One thread and its queue. The thread ends when the pool and the last executor are gone.
final class LuaThread: Sendable {
    private struct Entry {
        let job: UnownedJob
        let executor: UnownedSerialExecutor
    }

    private struct Queue {
        var entries: [Entry] = []
        /// The pool itself counts as one.
        var users = 1
        var thread: pthread_t?
    }

    private let queue = Mutex(Queue())
    private let pending = Semaphore()
    private let name: String

    init(name: String) {
        self.name = name
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        // Lua nests at most 200 C calls; a deep pattern match inside each fits many times over.
        pthread_attr_setstacksize(&attributes, 4 << 20)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<LuaThread>.fromOpaque(argument).takeRetainedValue().work() }
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        pthread_attr_destroy(&attributes)
        precondition(result == 0, "the system gives no thread for scripts (errno \(result))")
    }

    var userCount: Int { queue.withLock { $0.users } }

    var isCurrent: Bool {
        queue.withLock { queue in queue.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    func addUser() { queue.withLock { $0.users += 1 } }

    func removeUser() {
        queue.withLock { $0.users -= 1 }
        pending.signal()
    }

    func enqueue(_ job: UnownedJob, for executor: UnownedSerialExecutor) {
        queue.withLock { $0.entries.append(Entry(job: job, executor: executor)) }
        pending.signal()
    }

    private func work() {
        luashim_name_thread(name)
        queue.withLock { $0.thread = pthread_self() }
        while true {
            pending.wait()
            let (entries, users) = queue.withLock { queue in
                defer { queue.entries.removeAll(keepingCapacity: true) }
                return (queue.entries, queue.users)
            }
            for entry in entries { entry.job.runSynchronously(on: entry.executor) }
            // No executor is left, so that nobody can enqueue any more.
            if users == 0, entries.isEmpty { return }
        }
    }
}

/// A counting semaphore of the system.
private final class Semaphore: @unchecked Sendable {
    // `sem_post` and `sem_wait` may be called from any thread; the memory is freed when no thread refers to it.
    private let semaphore: UnsafeMutablePointer<sem_t>

    init() {
        semaphore = .allocate(capacity: 1)
        sem_init(semaphore, 0, 0)
    }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func signal() { sem_post(semaphore) }

    func wait() {
        while sem_wait(semaphore) != 0 {}
    }
}
