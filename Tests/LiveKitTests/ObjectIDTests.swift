import LiveKit
import Testing

@Suite("ObjectID")
struct ObjectIDTests {
    @Test("Identifiers have their prefix and twelve characters, and differ")
    func make() {
        let ids = (0..<1000).map { _ in ObjectID.make(.trunk) }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { $0.hasPrefix("ST_") && $0.count == 15 })
        #expect(ObjectID.make(.dispatch).hasPrefix("AD_"))
    }
}
