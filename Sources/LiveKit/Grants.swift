import SansIO

/// What a token allows in rooms (claim `video`).
///
/// Source: LiveKit's `auth.VideoGrant`. The three permissions that default to true when absent are optional here.
public struct VideoGrant: Sendable, Equatable {
    public var room = ""
    public var destinationRoom = ""
    public var roomCreate = false
    public var roomList = false
    public var roomRecord = false
    public var roomAdmin = false
    public var roomJoin = false
    public var ingressAdmin = false
    public var hidden = false
    public var recorder = false
    public var agent = false
    public var canUpdateOwnMetadata = false
    public var canPublish: Bool?
    public var canSubscribe: Bool?
    public var canPublishData: Bool?

    public init() {}

    /// The right to administer one room.
    public static func admin(of room: String) -> VideoGrant {
        var grant = VideoGrant()
        grant.room = room
        grant.roomAdmin = true
        return grant
    }

    private static var flags: [(String, WritableKeyPath<VideoGrant, Bool>)] {
        [
            ("roomCreate", \.roomCreate), ("roomList", \.roomList), ("roomRecord", \.roomRecord),
            ("roomAdmin", \.roomAdmin), ("roomJoin", \.roomJoin), ("ingressAdmin", \.ingressAdmin),
            ("hidden", \.hidden),
            ("recorder", \.recorder), ("agent", \.agent), ("canUpdateOwnMetadata", \.canUpdateOwnMetadata),
        ]
    }

    private static var permissions: [(String, WritableKeyPath<VideoGrant, Bool?>)] {
        [
            ("canPublish", \.canPublish), ("canSubscribe", \.canSubscribe), ("canPublishData", \.canPublishData),
        ]
    }

    init(claim: JSON) {
        room = claim["room"]?.string ?? ""
        destinationRoom = claim["destinationRoom"]?.string ?? ""
        for (name, path) in VideoGrant.flags { self[keyPath: path] = claim[name]?.bool ?? false }
        for (name, path) in VideoGrant.permissions { self[keyPath: path] = claim[name]?.bool }
    }

    var claim: JSON {
        var object = JSONObject()
        for (name, path) in VideoGrant.flags where self[keyPath: path] { object[name] = true }
        if !room.isEmpty { object["room"] = .string(room) }
        if !destinationRoom.isEmpty { object["destinationRoom"] = .string(destinationRoom) }
        for (name, path) in VideoGrant.permissions {
            if let value = self[keyPath: path] { object[name] = .bool(value) }
        }
        return .object(object)
    }
}

/// What a token allows in telephony (claim `sip`).
public struct SIPGrant: Sendable, Equatable {
    /// Trunks and dispatch rules.
    public var admin: Bool
    /// Placing and transferring calls.
    public var call: Bool

    public init(admin: Bool = false, call: Bool = false) {
        self.admin = admin
        self.call = call
    }

    init(claim: JSON) {
        self.init(admin: claim["admin"]?.bool ?? false, call: claim["call"]?.bool ?? false)
    }

    var claim: JSON {
        var object = JSONObject()
        if admin { object["admin"] = true }
        if call { object["call"] = true }
        return .object(object)
    }
}

/// What a token allows in LiveKit's agent cloud (claim `agent`).
public struct AgentGrant: Sendable, Equatable {
    public var admin: Bool

    public init(admin: Bool = false) {
        self.admin = admin
    }

    init(claim: JSON) {
        self.init(admin: claim["admin"]?.bool ?? false)
    }

    var claim: JSON { admin ? ["admin": true] : [:] }
}
