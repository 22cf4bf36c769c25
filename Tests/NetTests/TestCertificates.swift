import Glibc

/// A throw-away authority and a certificate of its for `localhost` and `127.0.0.1`, valid to the year 2125. The keys
/// protect nothing.
struct TestCertificates {
    let folder: String
    var authorityFile: String { folder + "/ca.pem" }
    var certificateFile: String { folder + "/server.pem" }
    var keyFile: String { folder + "/server.key" }

    /// Writes the files into a new folder.
    init() throws {
        var template = Array("/tmp/moonline-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFailure("mkdtemp") }
        folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        try write(TestCertificates.authority, to: authorityFile)
        try write(TestCertificates.certificate, to: certificateFile)
        try write(TestCertificates.key, to: keyFile)
    }

    func remove() {
        for file in [authorityFile, certificateFile, keyFile] { unlink(file) }
        rmdir(folder)
    }

    private func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw TestFailure("fopen \(path)") }
        fputs(text + "\n", file)
        fclose(file)
    }

    private static let authority = """
        -----BEGIN CERTIFICATE-----
        MIIBnDCCAUOgAwIBAgIUPcVepqdCyPw6xB96ZMdp49PuE6EwCgYIKoZIzj0EAwIw
        GzEZMBcGA1UEAwwQTW9vbmxpbmUgdGVzdCBDQTAgFw0yNjExMjIyMjAxMTFaGA8y
        MTI2MTAyOTIyMDExMVowGzEZMBcGA1UEAwwQTW9vbmxpbmUgdGVzdCBDQTBZMBMG
        ByqGSM49AgEGCCqGSM49AwEHA0IABIMUFy0ag1EpY4ml+x3zyWYLbDKbgigwg0Zn
        Aa5et8AKrL7P38+KJfNQ52etlLjdm36GhCpegsD9iyiyltU7NGejYzBhMB0GA1Ud
        DgQWBBRrTfOJPKrBaBemCRidl3dI+BBFyDAfBgNVHSMEGDAWgBRrTfOJPKrBaBem
        CRidl3dI+BBFyDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwICBDAKBggq
        hkjOPQQDAgNHADBEAiA1FijR0GvSpq4h6v1BxmuDqXaIXEEwsoVY03/vYTWWxwIg
        by20xTeCAGaa+q7EY7podqCmQ+RLmwmOzMJdaIE1RUM=
        -----END CERTIFICATE-----
        """

    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBsTCCAVegAwIBAgIUTBGOPxeEEVvM9YDl54PY/99ELYswCgYIKoZIzj0EAwIw
        GzEZMBcGA1UEAwwQTW9vbmxpbmUgdGVzdCBDQTAgFw0yNjExMjIyMjAxMTFaGA8y
        MTI2MTAyOTIyMDExMVowFDESMBAGA1UEAwwJbG9jYWxob3N0MFkwEwYHKoZIzj0C
        AQYIKoZIzj0DAQcDQgAE4hhvqBRlqQxWeMnYThAK4EuXL69+L+tVx7//2IZLD2ht
        kzOCBHFOUG9WdPQBB9swnBMjhUG1kHLWrEGifUjVC6N+MHwwGgYDVR0RBBMwEYIJ
        bG9jYWxob3N0hwR/AAABMAkGA1UdEwQCMAAwEwYDVR0lBAwwCgYIKwYBBQUHAwEw
        HQYDVR0OBBYEFI9yDN+CB9OqXdqSPnICwLAiSYNmMB8GA1UdIwQYMBaAFGtN84k8
        qsFoF6YJGJ2Xd0j4EEXIMAoGCCqGSM49BAMCA0gAMEUCIEXpBBCiXKXJxmAeDYWL
        CUHT4qPoS8pSTKImvp90qtJZAiEAuivgarrY+VxtmNfv7eNtbJvM4B/zcrteRrhv
        jf5DL/A=
        -----END CERTIFICATE-----
        """

    private static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqZ7ZcT78zCnFyyIO
        EMGIX/3vftrABIHWGm7YETV1TLqhRANCAATiGG+oFGWpDFZ4ydhOEArgS5cvr34v
        61XHv//YhksPaG2TM4IEcU5Qb1Z09AEH2zCcEyOFQbWQctasQaJ9SNUL
        -----END PRIVATE KEY-----
        """
}
