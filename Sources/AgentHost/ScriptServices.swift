package import CallStore
package import Conversation
package import Logging
package import Net
import SansIO
import Synchronization

/// What scripts ask of the host beside the conversation: web services, what they keep, sound files.
///
/// One for the whole host. A request is aborted by cancelling the task that performs it; only a change of what is kept
/// goes on.
package final class ScriptServices: Sendable {
    /// The variable with the hosts that scripts may reach, as ``HTTPAllowList`` reads them.
    static let allowListVariable = "MOONLINE_HTTP_ALLOW"

    /// For a sound that is fetched.
    private static let soundTimeout = Duration.seconds(30)
    /// Depth and number of values of an answer's JSON; what has more comes as text alone.
    private static let maximumDepth = 64
    private static let maximumValues = 65_536
    /// How often what has expired is removed. [ns]
    private static let sweepInterval: Int64 = 3_600_000_000_000

    private let store: CallStore
    private let client: RestrictedHTTPClient
    private let sounds = SoundFiles()
    private let now: @Sendable () -> Int64
    private let logger: Logger
    private let nextSweep = Mutex(Int64.min)

    /// - Parameters:
    ///   - http: Hosts, sizes; the remedy that messages name is filled in.
    ///   - now: Unix time. [ns]
    /// - Throws: ``NetError`` when libcurl or its thread cannot be started.
    package init(
        store: CallStore, http: RestrictedHTTPClient.Options, logger: Logger, now: @escaping @Sendable () -> Int64
    ) throws(NetError) {
        var options = http
        options.remedy = "set \(ScriptServices.allowListVariable)"
        client = try RestrictedHTTPClient(options: options)
        self.store = store
        self.logger = logger
        self.now = now
    }

    /// Performs one request of a call's script.
    ///
    /// - Parameters:
    ///   - agent: Whose store it is.
    ///   - flowFolder: What paths of sounds are relative to.
    ///   - time: Unix time of the call, where that is not the host's. [ns]
    package func perform(
        _ request: ServiceRequest, agent: String, flowFolder: String, at time: Int64? = nil
    ) async -> ServiceResult {
        switch request {
        case .http(let call): .reply(await perform(call))
        case .store(let call): .reply(await perform(call, agent: agent, at: time))
        case .loadAudio(let source): await loadAudio(source, flowFolder: flowFolder)
        case .record, .stopRecording:
            .reply(.failure(code: .unsupported, message: "recordings are the call's own business"))
        }
    }

    // MARK: http

    private func perform(_ call: ServiceRequest.HTTPCall) async -> ScriptReply {
        var headers = HTTPFields()
        for (name, value) in call.headers.sorted(by: { $0.key < $1.key }) { headers.append(name: name, value: value) }
        let request = HTTPRequest(method: call.method, target: call.url, headers: headers, body: call.body)
        do throws(NetError) {
            return .value(ScriptServices.json(try await client.send(request, timeout: call.timeout)))
        } catch {
            return ScriptServices.reply(to: error)
        }
    }

    private static func reply(to error: NetError) -> ScriptReply {
        let code: ScriptErrorCode =
            switch error.code {
            case .notAllowed: .notAllowed
            case .timedOut: .timedOut
            case .messageTooLarge: .limitReached
            case .invalidArgument: .invalidArgument
            case .cancelled: .callEnded
            default: .failed
            }
        return .failure(code: code, message: code == .callEnded ? "the call has ended" : error.message)
    }

    private static func json(_ response: HTTPResponse) -> JSON {
        var values: [String: String] = [:]
        for field in response.headers.fields {
            let name = field.name.lowercased()
            values[name] = values[name].map { "\($0), \(field.value)" } ?? field.value
        }
        let headers = values.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        var answer: JSON = [
            "status": .integer(Int64(response.status)), "headers": .object(JSONObject(members: headers)),
            "body": .string(String(decoding: response.body, as: UTF8.self)),
        ]
        if isJSON(values["content-type"] ?? "") {
            do throws(JSONError) {
                let value = try JSON(parsing: response.body, maximumDepth: maximumDepth)
                if value.count(upTo: maximumValues) <= maximumValues { answer["json"] = value }
            } catch {
                // What calls itself JSON and is none comes as text alone: the script sees the body, and no value.
                answer["json"] = nil
            }
        }
        return answer
    }

    /// `application/json`, `application/problem+json; charset=utf-8`.
    private static func isJSON(_ contentType: String) -> Bool {
        let type = contentType.lowercased().prefix { $0 != ";" && $0 != "," && !$0.isWhitespace }
        return type == "application/json" || type == "text/json" || type.hasSuffix("+json")
    }

    // MARK: store

    private func perform(
        _ call: ServiceRequest.StoreCall, agent: String, at virtualTime: Int64?
    ) async -> ScriptReply {
        let time = virtualTime ?? now()
        do throws(CallStoreError) {
            // Calls in virtual time share a store, and each has a clock of its own.
            if virtualTime == nil { try await sweep(at: time) }
            switch call {
            case .get(let key): return .value(try await store.entry(agent: agent, key: key, now: time) ?? .null)
            case .set(let key, let value, let lifetime):
                let expiry = lifetime.map { time.addingReportingOverflow($0.nanoseconds) }
                try await store.setEntry(
                    agent: agent, key: key, value: value,
                    expiresAt: expiry.map { $0.overflow ? .max : $0.partialValue },
                    now: time)
                return .value(true)
            case .delete(let key): return .value(.bool(try await store.deleteEntry(agent: agent, key: key, now: time)))
            case .increment(let key, let amount):
                return .value(try await store.incrementEntry(agent: agent, key: key, by: amount, now: time))
            case .keys(let prefix):
                let keys = try await store.entryKeys(agent: agent, prefix: prefix, now: time)
                return .value(.array(keys.map { .string($0) }))
            }
        } catch {
            switch error.code {
            case .invalidKey, .notANumber: return .failure(code: .invalidArgument, message: error.message)
            case .limitReached: return .failure(code: .limitReached, message: error.message)
            default:
                logger.error("a script's store failed: \(error.message)")
                return .failure(code: .failed, message: "The host's store failed; its log says why.")
            }
        }
    }

    /// Removes what has expired, at the first use and then now and again.
    private func sweep(at time: Int64) async throws(CallStoreError) {
        let isDue = nextSweep.withLock { next in
            guard time >= next else { return false }
            next = time.addingReportingOverflow(ScriptServices.sweepInterval).partialValue
            return true
        }
        if isDue { try await store.removeExpiredEntries(now: time) }
    }

    // MARK: Sounds

    private func loadAudio(_ source: String, flowFolder: String) async -> ServiceResult {
        do throws(SoundFiles.Failure) {
            let isRemote = ["http://", "https://"].contains { source.lowercased().hasPrefix($0) }
            return .audio(try await isRemote ? fetch(source) : sounds.load(source, below: flowFolder))
        } catch {
            return .reply(.failure(code: error.code, message: error.message))
        }
    }

    private func fetch(_ source: String) async throws(SoundFiles.Failure) -> [UInt8] {
        let response: HTTPResponse
        let origin: String
        do throws(NetError) {
            // Messages name the host alone: the rest of an address may hold a key.
            origin = try HTTPURL(source).origin
            response = try await client.send(
                HTTPRequest(target: source), timeout: ScriptServices.soundTimeout,
                maximumResponseBytes: SoundFiles.maximumFileBytes)
        } catch {
            guard case .failure(let code, let message) = ScriptServices.reply(to: error) else {
                throw SoundFiles.Failure(.failed, error.message)
            }
            throw SoundFiles.Failure(code, message)
        }
        switch response.status {
        case 200: return try await SoundFiles.decode(response.body, of: origin)
        case 404, 410: throw SoundFiles.Failure(.notFound, "\(origin) has no such sound (status \(response.status))")
        default: throw SoundFiles.Failure(.failed, "\(origin) answers with status \(response.status)")
        }
    }
}
