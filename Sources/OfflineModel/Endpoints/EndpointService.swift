import FoundationEssentials
import Logging
import LuaRuntime
import Net
import SansIO
import Speech

/// Answers the HTTP endpoints of a server: the work on threads of its own, the reply in real time.
struct EndpointService: Sendable {
    /// Largest body of JSON. [B]
    private static let maximumJSON = 4 << 20

    let endpoints: ModelEndpoints
    let services: ModelConnection.Services
    let configuration: OfflineModelServer.Configuration
    let faults: FaultSource
    let logger: Logger

    /// Answers a request; returns when the head of the answer shall go out.
    func answer(_ request: EndpointRequest) async -> HTTPResponse {
        let begin = ContinuousClock.now
        let plan = configuration.session(request.key)
        let unixTime = Int64(Date.now.timeIntervalSince1970)
        let reply: EndpointReply
        if request.endpoint != .transcriptions, request.body.count > Self.maximumJSON {
            let error = RealtimeError(code: nil, message: "The body is larger than \(Self.maximumJSON) bytes.")
            reply = .failure(error, status: 413)
        } else {
            let work = endpoints.work(for: request, unixTime: unixTime)
            reply = await perform(work, plan, unixTime: unixTime).delayed(by: ContinuousClock.now - begin)
        }
        let played = faults.misbehave(reply, on: .init(request.endpoint), key: request.key, own: plan.misbehaviour)
        return await play(played, from: begin)
    }

    private func perform(
        _ work: ModelEndpoints.Work, _ plan: OfflineModelServer.SessionPlan, unixTime: Int64
    ) async -> EndpointReply {
        if case .nothing(let reply) = work { return reply }
        let persona: PersonaDefinition
        if let own = plan.persona { persona = own } else { persona = await services.library.definition() }
        do {
            switch work {
            case .nothing(let reply): return reply
            case .think(let requests, let reply):
                let today = plan.today ?? configuration.today ?? LocalDay.text(unixTime: unixTime)
                let mind = PersonaWorker(
                    definition: persona, today: today, seed: configuration.seed, script: plan.script,
                    executor: services.scripts.makeExecutor())
                return reply(try await mind.answer(requests))
            case .speak(let speech, let reply):
                if configuration.logsTranscripts { logger.info("said", metadata: ["words": "\(speech.text)"]) }
                return reply(try await services.synthesis.speak(speech, voice: persona.voice ?? .awb))
            case .hear(let audio, let format, let reply):
                if let words = plan.script?.words { return reply(words()) }
                guard let recognition = services.recognition else { return reply("") }
                let words = try await recognition.withWorker { try await $0.hear(audio, format, persona: persona) }
                if configuration.logsTranscripts { logger.info("heard", metadata: ["words": "\(words)"]) }
                return reply(words)
            }
        } catch is CancellationError {
            // The client has gone: nobody reads this.
            return ModelEndpoints.failure("The client has gone.")
        } catch {
            logger.error("an endpoint failed: \(error)")
            return ModelEndpoints.failure("\(error)")
        }
    }

    /// Plays a reply in real time: the head is returned when it is due, the body is written as it comes.
    private func play(_ reply: EndpointReply, from begin: ContinuousClock.Instant) async -> HTTPResponse {
        guard let headDelay = reply.headDelay else {
            await Self.wait(until: reply.ending == .stalled ? nil : begin + reply.endDelay)
            return .dropped
        }
        await Self.wait(until: begin + headDelay)
        var headers = HTTPFields()
        for header in reply.headers { headers.append(name: header.name, value: header.value) }
        headers.append(name: "x-request-id", value: "req_" + String(UInt64.random(in: 0...UInt64.max), radix: 16))
        if reply.ending == .complete, reply.endDelay <= headDelay {
            return HTTPResponse(status: reply.status, headers: headers, body: reply.body)
        }
        return .streaming(status: reply.status, headers: headers) { writer in
            for piece in reply.pieces {
                await Self.wait(until: begin + piece.delay)
                try await writer.write(piece.bytes)
            }
            switch reply.ending {
            case .complete: return
            case .stalled: await Self.wait(until: nil)
            case .dropped: await Self.wait(until: begin + reply.endDelay)
            }
            writer.abort()
        }
    }

    /// Returns at `instant`, or when the client goes away; `nil` waits for that alone.
    private static func wait(until instant: ContinuousClock.Instant?) async {
        guard let instant else {
            // Nothing is ever sent; a cancelled task leaves the loop.
            let (nothing, sender) = AsyncStream.makeStream(of: Never.self)
            for await _ in nothing {}
            sender.finish()
            return
        }
        guard instant > .now else { return }
        do {
            try await Task.sleep(until: instant, tolerance: .zero, clock: .continuous)
        } catch {
            return  // Cancelled: there is nobody to wait for.
        }
    }
}
