import Logging

extension Server {
    /// Opens the node's store and connects it with the others.
    ///
    /// - Throws: ``StartFailure``, upon which nothing runs.
    static func openNode(_ configuration: Configuration, _ logger: Logger) async throws -> NodeParts {
        throw StartFailure("this build serves no store: it was made without the node's runtime")
    }
}
