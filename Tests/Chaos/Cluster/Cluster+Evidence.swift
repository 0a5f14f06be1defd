import Glibc
import NIOHTTP1

/// What is kept of nodes that do not become ready, since nobody can ask them once the run is over.
///
/// Threads are read twice, a second apart: one that spins has used the processor meanwhile, which the 14th and the 15th
/// field of `stat` tell; one that is blocked still waits at the same place.
extension Cluster {
    /// Writes down what every node does at the moment, into the run's directory.
    ///
    /// - Returns: Where it is, or why it is nowhere.
    func keepEvidence() async -> String {
        let first = await threads()
        try? await Task.sleep(for: .seconds(1))
        let second = await threads()
        var text = ""
        for (place, process) in processes.enumerated() {
            let answer = await readiness(of: process.node)
            text += "NODE \(process.node)\n\n/readyz?verbose: \(answer)\n\n"
            text += "threads:\n\(first[place])\n\nthreads, a second later:\n\(second[place])\n\n"
        }
        let path = "\(files.directory)/not-ready.txt"
        do {
            try Files.write(text, to: path)
            return "what they did is in \(path)"
        } catch {
            return "what they did could not be kept: \(error)"
        }
    }

    private func readiness(of node: Int) async -> String {
        let outcome = await door.ask(endpoint(of: node), .GET, "/readyz?verbose", timeout: .seconds(2))
        switch outcome {
        case .answer(let answer): return "\(answer.status)\n\(answer.text)"
        case .neverArrived(let why), .unknown(let why): return "no answer: \(why)"
        }
    }

    /// A text a node, with a line a thread.
    private func threads() async -> [String] {
        var texts: [String] = []
        for process in processes {
            let id = await process.process
            texts.append(id.map { Self.threads(of: $0) } ?? "no process runs")
        }
        return texts
    }

    private static func threads(of process: pid_t) -> String {
        let directory = "/proc/\(process)/task"
        let lines = Files.names(in: directory).map { thread in
            let parts = ["comm", "wchan", "stat"].map { name in
                let text = Files.readText("\(directory)/\(thread)/\(name)") ?? "unreadable"
                return text.filter { !$0.isNewline }
            }
            return parts.joined(separator: "  ")
        }
        return lines.joined(separator: "\n")
    }
}
