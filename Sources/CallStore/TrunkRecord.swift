import GRDB
public import SansIO

/// A SIP trunk as it is stored.
public struct TrunkRecord: Sendable, Equatable {
    public var id: String
    public var name = ""
    public var metadata = ""
    /// `host` or `host:port`.
    public var address: String
    /// `auto`, `udp`, `tcp` or `tls`.
    public var transport = "auto"
    public var numbers: [String] = []
    public var authUsername = ""
    public var authPassword: Secret?
    public var headers: [String: String] = [:]
    public var headersToAttributes: [String: String] = [:]
    public var attributesToHeaders: [String: String] = [:]
    public var destinationCountry = ""
    public var fromHost = ""
    /// Unix time. [ns]
    public var createdAt: Int64

    public init(id: String, address: String, createdAt: Int64) {
        self.id = id
        self.address = address
        self.createdAt = createdAt
    }

    init(_ row: Row) throws {
        self.init(id: row["id"], address: row["address"], createdAt: row["created_at"])
        name = row["name"]
        metadata = row["metadata"]
        transport = row["transport"]
        numbers = try StoredJSON.strings(row["numbers"])
        authUsername = row["auth_username"]
        authPassword = (row["auth_password"] as String?).map(Secret.init)
        headers = try StoredJSON.map(row["headers"])
        headersToAttributes = try StoredJSON.map(row["headers_to_attributes"])
        attributesToHeaders = try StoredJSON.map(row["attributes_to_headers"])
        destinationCountry = row["destination_country"]
        fromHost = row["from_host"]
    }

    var columns: [(String, (any DatabaseValueConvertible)?)] {
        [
            ("id", id), ("name", name), ("metadata", metadata), ("address", address), ("transport", transport),
            ("numbers", StoredJSON.text(numbers)), ("auth_username", authUsername),
            ("auth_password", authPassword?.revealed), ("headers", StoredJSON.text(headers)),
            ("headers_to_attributes", StoredJSON.text(headersToAttributes)),
            ("attributes_to_headers", StoredJSON.text(attributesToHeaders)),
            ("destination_country", destinationCountry), ("from_host", fromHost), ("created_at", createdAt),
        ]
    }
}
