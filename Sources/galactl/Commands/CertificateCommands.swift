import ArgumentParser
import GalaCertificates

/// The certificates by which nodes trust each other.
struct CertificateCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cert",
        abstract: "Make the certificates by which nodes trust each other, and look at them.",
        subcommands: [CreateAuthority.self, CreateNode.self, List.self]
    )

    /// Makes the cluster's authority.
    struct CreateAuthority: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-ca",
            abstract: "Make the cluster's authority, unless it is there.",
            discussion: """
                Writes ca.pem, which every node is to have, and ca.key, which no node needs: keep it apart.

                EXAMPLE
                  galactl cert create-ca --directory security
                """
        )

        @Option(help: "Where the authority's files are.")
        var directory: String

        func run() async throws {
            do throws(CertificateError) {
                print(try CertificateAuthority.create(in: directory).certificateFile)
            } catch {
                throw Failure.failed("\(error)")
            }
        }
    }

    /// Makes a node's certificate.
    struct CreateNode: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create-node",
            abstract: "Make a node's certificate and its key, unless good ones are there.",
            discussion: """
                The certificate names the node, localhost and 127.0.0.1, and what --host adds. One that has less than a \
                month left is made anew; nodes take it up without being restarted.

                EXAMPLE
                  galactl cert create-node 1 --directory security --host node1.example.org
                """
        )

        @Argument(help: "The node's number.")
        var node: UInt64
        @Option(help: "Where the authority's files are, and where the node's are written.")
        var directory: String
        @Option(help: "A name or an address by which the node is called; may be given several times.")
        var host: [String] = []

        func run() async throws {
            do throws(CertificateError) {
                let authority = try CertificateAuthority.open(in: directory)
                let files = try authority.issue(node: node, hosts: host, in: directory)
                print(files.certificate)
                print(files.key)
            } catch {
                throw Failure.failed("\(error)")
            }
        }
    }
}
