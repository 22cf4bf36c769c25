import Dispatch
import Glibc
import MediaEngine
import SansIO
import Synchronization

/// Watches the folder of flows on a thread of its own.
///
/// Where the kernel has no watches left, it looks every second instead. It does so too where symbolic links lead to the
/// files: what happens behind them is not announced.
final class FlowWatcher: Sendable {
    enum Event: Sendable {
        /// Files were written, or have come or gone.
        case changed(Set<String>)
        /// Changes are looked for every second, and why. Told once.
        case limited(String)
        /// The folder cannot be read; nothing is known of its files. Told once, until it can be read again.
        case unreadable(FlowTree.Unreadable)
    }

    /// Ends after ``stop()``.
    let events: AsyncStream<Event>
    /// The writing end of a pipe: the thread ends when it is closed. -1 afterwards.
    private let wakeUp: Mutex<Int32>

    /// Begins to watch. What has changed since `baseline` is told at once.
    ///
    /// - Throws: ``HostError`` when the system has no descriptor left.
    init(folder: String, baseline: FlowTree, system: Inotify.System = .kernel) throws(HostError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw HostError("The folder of flows cannot be watched: \(String(cString: strerror(errno))).")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        wakeUp = Mutex(ends[1])
        let (events, continuation) = AsyncStream<Event>.makeStream()
        self.events = events
        let end = ends[0]
        // Serial queues have threads of their own: this one waits in `poll`.
        DispatchQueue(label: "moonline.flows").async {
            var watch = Watch(folder: folder, tree: baseline, inotify: Inotify(system), continuation: continuation)
            watch.run(until: end)
            close(end)
            continuation.finish()
        }
    }

    /// Ends the thread; it gives the kernel's watches back.
    func stop() {
        wakeUp.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    deinit {
        stop()
    }
}

/// The watching thread's state.
private struct Watch {
    private let folder: String
    private let continuation: AsyncStream<FlowWatcher.Event>.Continuation
    private var tree: FlowTree
    private var inotify: Inotify
    private var pacing = WatchPacing()
    private var isLimitTold = false
    private var unreadable: FlowTree.Unreadable?

    init(
        folder: String, tree: FlowTree, inotify: Inotify, continuation: AsyncStream<FlowWatcher.Event>.Continuation
    ) {
        self.folder = folder
        self.tree = tree
        self.inotify = inotify
        self.continuation = continuation
    }

    /// - Parameter end: Readable when it is over.
    mutating func run(until end: Int32) {
        look(written: [])
        while true {
            var waited = [
                pollfd(fd: end, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inotify.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
            ]
            poll(&waited, 2, timeout)
            if waited[0].revents != 0 { break }
            let now = MonotonicClock.now()
            var order: WatchPacing.Look?
            if let written = inotify.take() { order = pacing.receive(.changed(written), at: now) }
            if order == nil { order = pacing.receive(.deadline, at: now) }
            if let order { look(written: order.written) }
        }
        inotify.close()
    }

    /// Until the next deadline, rounded up; -1 for ever. [ms]
    private var timeout: Int32 {
        guard let deadline = pacing.nextDeadline else { return -1 }
        let left = (deadline - MonotonicClock.now()).nanoseconds
        return Int32(clamping: max(0, (left + 999_999) / 1_000_000))
    }

    private mutating func look(written: Set<String>) {
        var changed: Set<String> = []
        var isAnnounced = false
        // A folder may have got files before it was watched: whenever a watch is new, another look is taken.
        for _ in 0..<8 {
            do throws(FlowTree.Unreadable) {
                let now = try FlowTree(folder: folder)
                changed.formUnion(now.changes(since: tree))
                tree = now
                unreadable = nil
            } catch {
                if unreadable != error { continuation.yield(.unreadable(error)) }
                unreadable = error
            }
            let watches = inotify.watch(tree.folders)
            isAnnounced = watches.all && !tree.folders.isEmpty && !tree.hasLinks && unreadable == nil
            if !watches.new { break }
        }
        if let shortage = inotify.shortage, !isLimitTold {
            isLimitTold = true
            continuation.yield(.limited(shortage))
        }
        changed.formUnion(written.filter { tree.files[$0] != nil })
        if !changed.isEmpty { continuation.yield(.changed(changed)) }
        _ = pacing.receive(.looked(isAnnounced: isAnnounced), at: MonotonicClock.now())
    }
}
