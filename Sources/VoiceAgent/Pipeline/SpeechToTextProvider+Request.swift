import Audio
public import Conversation
public import Net
import SansIO

extension SpeechToTextProvider {
    /// Shorter segments are filled up with silence: OpenAI refuses less than a tenth of a second. [ms]
    static let shortestAudio = 200

    /// The request to `/audio/transcriptions` whose answer ``transcript(status:headers:body:now:)`` reads.
    ///
    /// - Parameter audio: µ-law at 8 kHz. It is sent as 16-bit samples in a WAV file, which every server reads.
    public func request(_ audio: [UInt8]) -> HTTPRequest {
        var samples = G711.decode(audio, .mu)
        let missing = SpeechToTextProvider.shortestAudio * G711.sampleRate / 1_000 - samples.count
        if missing > 0 { samples += [Int16](repeating: 0, count: missing) }
        var form = MultipartForm()
        form.append("model", model)
        if let language { form.append("language", language) }
        if extra["response_format"] == nil { form.append("response_format", "json") }
        for member in extra.members where !member.value.isNull {
            form.append(member.key, member.value.string ?? member.value.text)
        }
        form.append(
            "file", fileName: "audio.wav", contentType: "audio/wav",
            WAVFile(sampleRate: G711.sampleRate, samples: samples).bytes)
        let (contentType, body) = form.encoded
        return endpoint.request(
            path: "/audio/transcriptions", contentType: contentType, accept: "application/json", body: body)
    }

    /// The words in an answer of `/audio/transcriptions`.
    ///
    /// - Parameter now: Unix time. [s]
    public func transcript(
        status: Int, headers: HTTPFields, body: [UInt8], now: Int64
    ) throws(StageFailure) -> String {
        let server = endpoint.server(.stt)
        guard (200..<300).contains(status) else {
            throw server.failure(status: status, headers: headers, body: body, now: now)
        }
        let json: JSON
        do {
            json = try JSON(parsing: body)
        } catch {
            // Some servers answer with the bare words, whatever format is asked for.
            if headers["Content-Type"]?.lowercased().hasPrefix("text/plain") == true {
                return String(decoding: body, as: UTF8.self).trimmed
            }
            throw server.failure(
                .retryable, "sent a transcript that cannot be read; check that it speaks OpenAI's protocol")
        }
        if let text = json["text"]?.string ?? json.string { return text.trimmed }
        if let error = json["error"], !error.isNull { throw server.failure(error: json) }
        throw server.failure(.retryable, "sent no transcript; check that it speaks OpenAI's protocol")
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        let start = self.drop { $0.isWhitespace }
        return String(
            start.prefix(upTo: start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex))
    }
}

/// A form with files (RFC 7578).
struct MultipartForm {
    private var parts: [(head: String, content: [UInt8])] = []

    mutating func append(_ name: String, _ value: String) {
        parts.append(("Content-Disposition: form-data; name=\"\(MultipartForm.quoted(name))\"", Array(value.utf8)))
    }

    mutating func append(_ name: String, fileName: String, contentType: String, _ content: [UInt8]) {
        let disposition =
            "form-data; name=\"\(MultipartForm.quoted(name))\"; filename=\"\(MultipartForm.quoted(fileName))\""
        parts.append(("Content-Disposition: \(disposition)\r\nContent-Type: \(contentType)", content))
    }

    /// The header's value, and the body; the boundary occurs in no part (RFC 2046 §5.1.1).
    var encoded: (contentType: String, body: [UInt8]) {
        var boundary = "moonline-form"
        var number = 0
        while parts.contains(where: { MultipartForm.contains($0.content, boundary) }) {
            number += 1
            boundary = "moonline-form-\(number)"
        }
        var body: [UInt8] = []
        for part in parts {
            body += Array("--\(boundary)\r\n\(part.head)\r\n\r\n".utf8)
            body += part.content
            body += Array("\r\n".utf8)
        }
        body += Array("--\(boundary)--\r\n".utf8)
        return ("multipart/form-data; boundary=\(boundary)", body)
    }

    /// As browsers write names (WHATWG HTML §4.10.21.8).
    private static func quoted(_ name: String) -> String {
        var quoted = ""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"": quoted += "%22"
            case "\r": quoted += "%0D"
            case "\n": quoted += "%0A"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted
    }

    private static func contains(_ content: [UInt8], _ boundary: String) -> Bool {
        let wanted = Array(boundary.utf8)
        guard let first = wanted.first else { return false }
        var rest = content[...]
        while let index = rest.firstIndex(of: first) {
            if rest[index...].starts(with: wanted) { return true }
            rest = rest[(index + 1)...]
        }
        return false
    }
}
