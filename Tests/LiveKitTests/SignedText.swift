import Crypto
import LiveKit
import SansIO

/// Signs arbitrary texts, also those that `AccessToken` would never make.
struct SignedText {
    let secret: Secret

    func sign(header: String, claims: String) -> String {
        let text =
            Base64.encode(header.utf8, alphabet: .urlSafe) + [0x2E] + Base64.encode(claims.utf8, alphabet: .urlSafe)
        let signature = HMAC.sha256(key: Array(secret.revealed.utf8), text)
        return String(decoding: text + [0x2E] + Base64.encode(signature, alphabet: .urlSafe), as: UTF8.self)
    }
}
