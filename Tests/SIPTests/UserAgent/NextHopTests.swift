import SansIO
import Testing

@testable import SIP

@Suite struct NextHopTests {
    private let publicPeer = TransportAddress(host: "198.51.100.7", port: 40_000)

    private func uri(_ host: String, port: UInt16? = nil) -> URI { .sip(SIPURI(user: "x", host: host, port: port)) }

    @Test("A numeric host is the address, with 5060 where no port is named")
    func numeric() {
        #expect(NextHop.address(of: uri("203.0.113.1"), peer: publicPeer) == .init(host: "203.0.113.1", port: 5060))
        #expect(
            NextHop.address(of: uri("203.0.113.1", port: 5080), peer: publicPeer)
                == .init(host: "203.0.113.1", port: 5080))
        #expect(NextHop.address(of: uri("2001:db8::1"), peer: publicPeer) == .init(host: "2001:db8::1", port: 5060))
    }

    @Test("Names, other schemes, and private addresses of public peers lead to the peer")
    func peer() {
        #expect(NextHop.address(of: uri("sip.example.com"), peer: publicPeer) == publicPeer)
        #expect(NextHop.address(of: .other("mailto:x@y"), peer: publicPeer) == publicPeer)
        for host in ["10.0.0.1", "172.16.0.1", "172.31.9.9", "192.168.1.1", "127.0.0.1", "100.64.0.1", "169.254.1.1"] {
            #expect(NextHop.address(of: uri(host), peer: publicPeer) == publicPeer)
            let neighbour = TransportAddress(host: "192.168.1.2", port: 5060)
            #expect(NextHop.address(of: uri(host, port: 5061), peer: neighbour) == .init(host: host, port: 5061))
        }
        #expect(!NextHop.isPrivate("172.32.0.1") && !NextHop.isPrivate("192.169.0.1"))
        #expect(NextHop.isPrivate("fd00::1") && NextHop.isPrivate("::1") && !NextHop.isPrivate("2001:db8::1"))
    }

    @Test("What only looks like an address is a name")
    func names() {
        for host in ["1.2.3", "1.2.3.256", "1.2.3.4.5", "1.2.3.", "a.b.c.d", "0001.2.3.4", ""] {
            #expect(!NextHop.isNumeric(host))
        }
    }
}
