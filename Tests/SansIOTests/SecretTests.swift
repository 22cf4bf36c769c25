import SansIO
import Testing

@Suite("Secrets")
struct SecretTests {
    @Test("A secret prints as dots, in dumps and reflections too")
    func isHidden() {
        struct Holder { let secret: Secret? = Secret("hunter2") }
        var dumped = ""
        dump(Holder(), to: &dumped)
        let texts = "\(Secret("hunter2")) \(Holder()) \(String(reflecting: Holder())) \(dumped)"
        #expect(!texts.contains("hunter2") && texts.contains("•••"))
        #expect(Secret("hunter2").revealed == "hunter2")
    }
}
