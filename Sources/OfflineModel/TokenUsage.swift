import SansIO

/// Tokens of text and of audio.
struct TokenCount: Hashable, Sendable {
    var text: Int64 = 0
    var audio: Int64 = 0

    var total: Int64 { text + audio }

    static func + (left: TokenCount, right: TokenCount) -> TokenCount {
        TokenCount(text: left.text + right.text, audio: left.audio + right.audio)
    }

    /// About four characters of English a token.
    static func text(_ text: String) -> Int64 { Int64((text.utf8.count + 3) / 4) }

    /// A token for each 100 ms begun.
    static func userAudio(_ milliseconds: Int64) -> Int64 { (max(0, milliseconds) + 99) / 100 }

    /// A token for each 50 ms begun.
    static func assistantAudio(_ milliseconds: Int64) -> Int64 { (max(0, milliseconds) + 49) / 50 }
}

/// The bill of one response; `response.usage`.
struct TokenUsage: Hashable, Sendable {
    var input = TokenCount()
    var output = TokenCount()
    /// The part of the input that an earlier response has already read.
    var cached = TokenCount()

    var total: Int64 { input.total + output.total }

    var json: JSON {
        [
            "total_tokens": .integer(total), "input_tokens": .integer(input.total),
            "output_tokens": .integer(output.total),
            "input_token_details": [
                "text_tokens": .integer(input.text), "audio_tokens": .integer(input.audio), "image_tokens": 0,
                "cached_tokens": .integer(cached.total),
                "cached_tokens_details": [
                    "text_tokens": .integer(cached.text), "audio_tokens": .integer(cached.audio), "image_tokens": 0,
                ],
            ],
            "output_token_details": ["text_tokens": .integer(output.text), "audio_tokens": .integer(output.audio)],
        ]
    }
}
