// swift-tools-version: 6.2
import PackageDescription

/// The settings that every module shares, so that none can be laxer than another.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []) -> Target {
    .target(name: name, dependencies: dependencies, exclude: ["README.md"] + exclude, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: strict)
}

/// A C library of the system: a module map and a `shim.h` of inline wrappers.
func system(_ name: String, pkgConfig: String? = nil, debian package: String) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioWebSocket = Target.Dependency.product(name: "NIOWebSocket", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "moonline",
    products: [.executable(name: "moonline", targets: ["moonline"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    ],
    targets: [
        // C: libraries of the system, and two small targets of our own.
        system("COpenSSL", pkgConfig: "openssl", debian: "libssl-dev"),
        system("CLua", pkgConfig: "lua5.4", debian: "liblua5.4-dev"),
        system("CCurl", pkgConfig: "libcurl", debian: "libcurl4-openssl-dev"),
        system("CSpeexDSP", pkgConfig: "speexdsp", debian: "libspeexdsp-dev"),
        system("CWebRTCVAD", debian: "libwebrtc-audio-processing-dev"),
        system("CFlite", debian: "flite1-dev"),
        system("CPocketSphinx", pkgConfig: "pocketsphinx", debian: "libpocketsphinx-dev"),
        .target(name: "CLinux", exclude: ["README.md"]),
        .target(name: "CLuaShims", dependencies: ["CLua"]),

        // Cores: values without clock, socket or thread.
        module("SansIO"),
        module("SDP", ["SansIO"]),
        module("SIP", ["SansIO", "Crypto"]),
        module("RTP", ["SansIO"]),
        module("Conversation", ["SansIO"]),

        // Engines: computation on C libraries.
        module("Crypto", ["COpenSSL"]),
        module("Audio", ["CSpeexDSP", "CWebRTCVAD"]),
        module("Speech", ["Audio", "CFlite", "CPocketSphinx"]),

        // Drivers: sockets, threads, files.
        module("Net", ["SansIO", "CCurl", nioCore, nioPosix, nioHTTP1, nioWebSocket, nioSSL, logging]),
        module("MediaEngine", ["SansIO", "RTP", "Audio", "CLinux"]),
        module("Telephony", ["SansIO", "SIP", "SDP", "RTP", "MediaEngine", "Net", logging]),
        module("LiveKit", ["SansIO", "Crypto", "Net"]),
        module("VoiceAgent", ["SansIO", "Conversation", "Audio", "Speech", "Net"]),
        module("CallStore", ["SansIO", grdb]),

        // Scripting.
        module("LuaRuntime", ["SansIO", "CLua", "CLuaShims"]),
        module("LuaSyntax", ["SansIO"]),
        module("ScriptAPI", ["SansIO", "Conversation", "LuaRuntime", "LuaSyntax"], exclude: ["REFERENCE.md"]),

        // Tools.
        module("Replay", ["SansIO", "Conversation", "LuaRuntime", "ScriptAPI"]),
        module("OfflineModel", ["SansIO", "Net", "Audio", "Speech", "LuaRuntime", logging]),
        module(
            "AgentHost",
            [
                "SansIO", "Conversation", "Audio", "Speech", "Net", "MediaEngine", "Telephony", "LiveKit", "VoiceAgent",
                "CallStore", "LuaRuntime", "ScriptAPI", logging,
            ]),
        module(
            "TestCalls",
            [
                "SansIO", "SIP", "Conversation", "Audio", "Speech", "Net", "MediaEngine", "Telephony", "LiveKit",
                "VoiceAgent", "CallStore", "LuaRuntime", "ScriptAPI", "OfflineModel", "AgentHost", logging,
            ], exclude: ["REFERENCE.md"]),
        .executableTarget(
            name: "moonline",
            dependencies: [
                "SansIO", "Conversation", "Net", "MediaEngine", "Telephony", "LiveKit", "CallStore", "ScriptAPI",
                "OfflineModel", "TestCalls", "AgentHost", "Audio", "VoiceAgent", "LuaRuntime", "Replay", logging,
                argumentParser,
            ],
            exclude: ["README.md"],
            // What `moonline init` writes: links to the flow and the persona that are shipped.
            resources: [.embedInCode("Project/outbound_caller.lua"), .embedInCode("Project/dental_practice.lua")],
            swiftSettings: strict),

        // Tests mirror sources.
        .target(name: "AllocationCount", path: "Tests/AllocationCount"),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "SansIO", "RTP", "Audio", "Speech", "MediaEngine", "Net", "VoiceAgent", "Conversation", "LuaRuntime",
                "ScriptAPI", "AllocationCount", logging,
            ],
            path: "Tests/Benchmarks",
            exclude: ["baseline.c", "bench.h", "by_hand.c", "calls.lua", "load.c", "load.h", "stages.c"],
            swiftSettings: strict),
        .target(name: "TestSupport", path: "Tests/TestSupport", exclude: ["README.md"], swiftSettings: strict),
        tests("SansIOTests", ["SansIO"]),
        tests("CryptoTests", ["Crypto"]),
        tests("SDPTests", ["SDP", "SansIO"]),
        tests("SIPTests", ["SIP", "Crypto", "SansIO"]),
        tests("RTPTests", ["RTP", "SansIO"]),
        tests("ConversationTests", ["Conversation", "SansIO"]),
        tests("AudioTests", ["Audio", "SansIO"]),
        tests("SpeechTests", ["Speech", "Audio", "SansIO"]),
        tests("NetTests", ["Net", "SansIO", nioCore, nioPosix, logging]),
        tests("MediaEngineTests", ["MediaEngine", "RTP", "Audio", "SansIO", "AllocationCount", "TestSupport"]),
        tests("TelephonyTests", ["Telephony", "SIP", "Audio", "MediaEngine", "SansIO", logging]),
        tests(
            "VoiceAgentTests",
            [
                "VoiceAgent", "Conversation", "Audio", "Speech", "Net", "SansIO", "OfflineModel", "AllocationCount",
                logging,
            ]),
        tests("LiveKitTests", ["LiveKit", "Net", "Crypto", "SansIO", logging]),
        tests("CallStoreTests", ["CallStore", "SansIO", grdb]),
        tests("LuaRuntimeTests", ["LuaRuntime", "SansIO", "CLua"]),
        tests(
            "ScriptAPITests", ["ScriptAPI", "LuaRuntime", "Conversation", "SansIO", "TestSupport"],
            exclude: ["Fixtures"]),
        tests("LuaSyntaxTests", ["LuaSyntax", "LuaRuntime", "SansIO"]),
        tests(
            "OfflineModelTests",
            ["OfflineModel", "Net", "Audio", "Speech", "LuaRuntime", "SansIO", "TestSupport", logging],
            exclude: ["Fixtures"]),
        tests(
            "TestCallsTests",
            [
                "TestCalls", "SansIO", "Conversation", "Audio", "Net", "MediaEngine", "LuaRuntime", "LuaSyntax",
                "ScriptAPI", "OfflineModel", "Speech", "AgentHost", "VoiceAgent", "Replay", "TestSupport", logging,
            ]),
        tests("ReplayTests", ["Replay", "Conversation", "ScriptAPI", "LuaRuntime", "SansIO", "TestSupport"]),
        tests(
            "AgentHostTests",
            [
                "AgentHost", "SansIO", "Conversation", "Net", "SIP", "SDP", "Audio", "MediaEngine", "Telephony",
                "LiveKit",
                "VoiceAgent", "CallStore", "ScriptAPI", "LuaRuntime", "Replay", "Crypto", "TestSupport", grdb, logging,
            ]),
        tests(
            "moonlineTests",
            [
                "moonline", "AgentHost", "Conversation", "MediaEngine", "Telephony", "VoiceAgent", "LiveKit",
                "ScriptAPI",
                "TestCalls", "Replay", "TestSupport",
                "SansIO", logging, argumentParser,
            ]),
        tests("EndToEndTests", ["TestSupport", "Speech", "Audio", "SansIO", "Crypto"]),
        tests(
            "InteropTests",
            [
                "TestSupport", "SansIO", "SIP", "SDP", "Audio", "Speech", "MediaEngine", "Telephony", "TestCalls",
                "Conversation", "AgentHost", "VoiceAgent", "ScriptAPI", logging,
            ],
            exclude: ["Fixtures"]),
    ]
)
