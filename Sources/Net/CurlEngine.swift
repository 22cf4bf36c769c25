import CCurl
import SansIO
import Synchronization

/// libcurl's multi interface on a thread of its own.
final class CurlEngine: Sendable {
    typealias Completion = CheckedContinuation<Result<HTTPResponse, NetError>, Never>

    /// Who hears of a response.
    enum Sink: Sendable {
        /// All of it at its end.
        case whole(Completion)
        /// Each part as it comes, on the engine's thread.
        case stream(HTTPStream.Timeouts, HTTPStream.EventHandler)
    }

    struct Job: Sendable {
        let number: Int
        let request: HTTPRequest
        let timeout: Duration
        let maximumBodyBytes: Int
        let sink: Sink

        fileprivate func finish(_ result: Result<HTTPResponse, NetError>) {
            switch (sink, result) {
            case (.whole(let completion), _): completion.resume(returning: result)
            case (.stream(_, let onEvent), .success): onEvent(.ended)
            case (.stream(_, let onEvent), .failure(let error)): onEvent(.failed(error))
            }
        }
    }

    private enum Command: Sendable {
        case start(Job)
        case cancel(Int)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var nextNumber = 0
        /// Numbers whose task was cancelled before the job came in.
        var cancelledEarly: Set<Int> = []
        /// Jobs that came in and have no result yet.
        var pending: Set<Int> = []
        var connectionsOpened = 0
        var isStopped = false
    }

    private let inbox = Mutex(Inbox())
    private let options: HTTPClient.Options
    /// Used by the engine's thread alone, but for `curl_multi_wakeup`, the one function that libcurl allows from any
    /// thread. It is called under the inbox's lock and before `stop` is taken from there, so never on a freed handle.
    private nonisolated(unsafe) let multi: UnsafeMutableRawPointer

    /// `curl_global_init`, once a process; initialisation of a static is safe from any thread.
    private static let globalStatus = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    init(options: HTTPClient.Options) throws(NetError) {
        guard CurlEngine.globalStatus == CURLE_OK, let multi = curl_multi_init() else {
            throw NetError(.system, "libcurl cannot be initialised: the process is out of memory or of files.")
        }
        self.options = options
        self.multi = multi
        moonline_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.maximumIdleConnections)
        try ServiceThread.start { self.run() }
    }

    func stop() {
        post { inbox in
            inbox.isStopped = true
            inbox.commands.append(.stop)
        }
    }

    func perform(
        _ request: HTTPRequest, timeout: Duration?, maximumBodyBytes: Int?
    ) async throws(NetError) -> HTTPResponse {
        let number = nextNumber()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (completion: Completion) in
                submit(
                    Job(
                        number: number, request: request, timeout: timeout ?? options.timeout,
                        maximumBodyBytes: maximumBodyBytes ?? options.maximumBodyBytes, sink: .whole(completion)))
            }
        } onCancel: {
            post { inbox in
                if inbox.pending.contains(number) {
                    inbox.commands.append(.cancel(number))
                } else {
                    inbox.cancelledEarly.insert(number)
                }
            }
        }
        inbox.withLock { _ = $0.cancelledEarly.remove(number) }
        return try result.get()
    }

    /// Starts a transfer whose parts are handed on as they come.
    ///
    /// - Returns: Its number, for ``cancel(_:)``.
    func stream(
        _ request: HTTPRequest, timeouts: HTTPStream.Timeouts, maximumBodyBytes: Int,
        onEvent: @escaping HTTPStream.EventHandler
    ) -> Int {
        let number = nextNumber()
        submit(
            Job(
                number: number, request: request, timeout: timeouts.whole, maximumBodyBytes: maximumBodyBytes,
                sink: .stream(timeouts, onEvent)))
        return number
    }

    /// Aborts a transfer, if it has not ended.
    func cancel(_ number: Int) {
        post { inbox in if inbox.pending.contains(number) { inbox.commands.append(.cancel(number)) } }
    }

    var counts: HTTPClient.Counts {
        inbox.withLock { inbox in
            HTTPClient.Counts(openTransfers: inbox.pending.count, connectionsOpened: inbox.connectionsOpened)
        }
    }

    private func nextNumber() -> Int {
        inbox.withLock { inbox in
            inbox.nextNumber += 1
            return inbox.nextNumber
        }
    }

    private func submit(_ job: Job) {
        var refusal: NetError?
        post { inbox in
            if inbox.isStopped || inbox.cancelledEarly.contains(job.number) {
                refusal = NetError(.cancelled, "The HTTP request was cancelled.")
                return
            }
            inbox.pending.insert(job.number)
            inbox.commands.append(.start(job))
        }
        if let refusal { job.finish(.failure(refusal)) }
    }

    /// Changes the inbox and wakes the thread, which may free `multi` only after this lock is released.
    private func post(_ change: (inout Inbox) -> Void) {
        inbox.withLock { inbox in
            let wasStopped = inbox.isStopped
            change(&inbox)
            if !wasStopped { curl_multi_wakeup(multi) }
        }
    }

    // MARK: The thread

    private func run() {
        var transfers: [Int: CurlTransfer] = [:]
        var isRunning = true
        while isRunning {
            let commands = inbox.withLock { inbox in
                defer { inbox.commands = [] }
                return inbox.commands
            }
            for command in commands {
                switch command {
                case .start(let job): start(job, in: &transfers)
                case .cancel(let number):
                    if let transfer = transfers.removeValue(forKey: number) {
                        end(transfer, with: .failure(NetError(.cancelled, "The HTTP request was cancelled.")))
                    }
                case .stop: isRunning = false
                }
            }
            var running: Int32 = 0
            curl_multi_perform(multi, &running)
            collect(&transfers)
            let wait = expire(&transfers)
            if isRunning { curl_multi_poll(multi, nil, 0, wait, nil) }
        }
        for transfer in transfers.values {
            end(transfer, with: .failure(NetError(.cancelled, "The HTTP client was closed.")))
        }
        curl_multi_cleanup(multi)
    }

    private func start(_ job: Job, in transfers: inout [Int: CurlTransfer]) {
        do throws(NetError) {
            let transfer = try CurlTransfer(job: job, options: options)
            curl_multi_add_handle(multi, transfer.easy)
            transfers[job.number] = transfer
        } catch {
            finish(job, with: .failure(error))
        }
    }

    private func collect(_ transfers: inout [Int: CurlTransfer]) {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left)?.pointee {
            guard message.msg == CURLMSG_DONE,
                let number = transfers.first(where: { $0.value.easy == message.easy_handle })?.key,
                let transfer = transfers.removeValue(forKey: number)
            else { continue }
            end(transfer, with: transfer.result(of: message.data.result))
        }
    }

    /// Ends transfers whose servers have been silent for too long.
    ///
    /// - Returns: How long the next may still be silent, at most a minute. [ms]
    private func expire(_ transfers: inout [Int: CurlTransfer]) -> Int32 {
        let now = ContinuousClock.now
        var wait = Duration.seconds(60)
        for (number, transfer) in transfers {
            guard let deadline = transfer.silenceDeadline(at: now) else { continue }
            if deadline <= now {
                transfers[number] = nil
                end(transfer, with: .failure(transfer.silenceError))
            } else {
                wait = min(wait, now.duration(to: deadline))
            }
        }
        return Int32(clamping: wait.milliseconds) + 1
    }

    private func end(_ transfer: CurlTransfer, with result: Result<HTTPResponse, NetError>) {
        let opened = transfer.connectionsOpened
        curl_multi_remove_handle(multi, transfer.easy)
        inbox.withLock { $0.connectionsOpened += opened }
        finish(transfer.job, with: result)
    }

    private func finish(_ job: Job, with result: Result<HTTPResponse, NetError>) {
        inbox.withLock { _ = $0.pending.remove(job.number) }
        job.finish(result)
    }
}
