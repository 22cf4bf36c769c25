/// The fields that every message carries, read.
struct MessageIdentity {
    var topVia: Via
    var lowerVias: [Via]
    var from: NameAddress
    var to: NameAddress
    var callID: String
    var cseq: CSeq
}
