import Foundation
import Testing

@testable import gala

@Suite struct FirstAdministratorTests {
    private func withDirectory(_ script: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.path + "/" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try script(directory)
    }

    private func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

    private func write(_ texts: [String], _ directory: String) throws(StartFailure) -> Bool {
        try NewFile.write(all: ["a", "b", "c"].enumerated().map { (directory + "/" + $1, Data(texts[$0].utf8)) })
    }

    private func texts(_ directory: String) -> [String?] { ["a", "b", "c"].map { text(directory + "/" + $0) } }

    @Test func filesThatBelongTogetherAreNotOverwritten() throws {
        try withDirectory { directory in
            #expect(try write(["1", "2", "3"], directory))
            #expect(texts(directory) == ["1\n", "2\n", "3\n"])
            #expect(throws: StartFailure.self) { try write(["4", "5", "6"], directory) }
            // Somebody has put one away: the others are in use all the same.
            try FileManager.default.removeItem(atPath: directory + "/c")
            #expect(throws: StartFailure.self) { try write(["4", "5", "6"], directory) }
            #expect(texts(directory) == ["1\n", "2\n", nil])
        }
    }

    @Test func whatWasInterruptedIsFinished() throws {
        try withDirectory { directory in
            // While drafts were written: nobody has seen them.
            try Data("half".utf8).write(to: URL(filePath: directory + "/a.draft"))
            #expect(try write(["1", "2", "3"], directory))
            #expect(texts(directory) == ["1\n", "2\n", "3\n"])
            // While they were put into their places.
            for name in ["b", "c"] {
                try FileManager.default.moveItem(atPath: directory + "/" + name, toPath: directory + "/\(name).draft")
            }
            #expect(try !write(["4", "5", "6"], directory))
            #expect(texts(directory) == ["1\n", "2\n", "3\n"])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 3)
        }
    }

    private func configuration(_ directory: String, peers: String) throws -> Configuration {
        try Configuration(
            Settings(
                file: nil,
                environment: [:],
                commandLine: [
                    "cluster.id": "a", "cluster.peers": peers, "node.id": "1", "node.listen": "127.0.0.1:1",
                    "http.listen": "127.0.0.1:3", "data.directory": "d", "security.accounts": directory + "/accounts",
                    "security.tokenKeys": directory + "/keys",
                ]
            )
        )
    }

    @Test func aPasswordAtTheFirstStartMakesAnAdministratorWhereThereIsNone() throws {
        try withDirectory { directory in
            let one = try configuration(directory, peers: "1=127.0.0.1:1,2=127.0.0.1:2")
            try FirstAdministrator.makeMissingFiles(one, password: "correct horse")
            let accounts = try #require(text(one.accountsFile))
            #expect(accounts.contains("admin") && !accounts.contains("correct horse"))
            #expect(text(one.tokenKeysFile) == nil, "other nodes would not believe what is signed with these")

            let alone = try configuration(directory, peers: "1=127.0.0.1:1")
            try FirstAdministrator.makeMissingFiles(alone, password: "another horse")
            #expect(text(one.accountsFile) == accounts)
            let keys = try #require(text(one.tokenKeysFile))
            try FirstAdministrator.makeMissingFiles(alone, password: "another horse")
            #expect(text(one.tokenKeysFile) == keys)
        }
    }

    @Test func aPasswordThatIsTooShortIsRefused() throws {
        try withDirectory { directory in
            let configuration = try self.configuration(directory, peers: "1=127.0.0.1:1")
            let refusal = #expect(throws: InvalidConfiguration.self) {
                try FirstAdministrator.makeMissingFiles(configuration, password: "short")
            }
            #expect(refusal?.faults.map(\.description) == ["GALA_ADMIN_PASSWORD: must be 8 to 1024 bytes without NUL"])
            #expect(text(configuration.accountsFile) == nil)
        }
    }
}
