import API
import FoundationEssentials
import Logging
import ServiceLifecycle

/// Looks every second whether the file of operators' accounts has changed, so that who is struck from it, or whose tokens
/// are ended, is out without a restart. A file that cannot be used changes nothing, and is told of once.
struct OperatorsFollower: Service {
    let path: String
    let operators: Operators
    /// What was read at the start.
    let text: Data
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            var known = text
            while true {
                try await Task.sleep(for: .seconds(1))
                guard let text = try? Data(contentsOf: URL(filePath: path)), text != known else { continue }
                known = text
                do throws(AccountFile.Unusable) {
                    operators.replace(try AccountFile(text: text))
                    logger.notice("Operators' accounts are taken from the changed file.", metadata: ["file": "\(path)"])
                } catch {
                    logger.error(
                        "The changed file of operators' accounts cannot be used; nothing changes.",
                        metadata: ["file": "\(path)", "rule": "\(error)"]
                    )
                }
            }
        }
    }
}
