import Net
import SansIO
import Testing

@Suite("Resolver")
struct ResolverTests {
    @Test("Numeric addresses pass through", arguments: ["192.0.2.7", "2001:db8::1"])
    func numeric(host: String) async throws {
        #expect(try await Resolver.resolve(host: host, port: 5060) == [TransportAddress(host: host, port: 5060)])
    }

    @Test("Brackets around an IPv6 address are taken off")
    func brackets() async throws {
        #expect(try await Resolver.resolve(host: "[::1]", port: 1) == [TransportAddress(host: "::1", port: 1)])
    }

    @Test("localhost is found, IPv4 first, each address once")
    func localhost() async throws {
        let addresses = try await Resolver.resolve(host: "localhost", port: 5060)
        #expect(addresses.first == TransportAddress(host: "127.0.0.1", port: 5060))
        #expect(Set(addresses).count == addresses.count)
    }

    @Test("Names that cannot be are refused", arguments: ["", "a\0b", "no-such-host.invalid"])
    func unknown(host: String) async {
        let error = await netError { () async throws(NetError) in
            _ = try await Resolver.resolve(host: host, port: 1)
        }
        #expect(error?.code == .hostNotFound || error?.code == .invalidArgument)
    }
}
