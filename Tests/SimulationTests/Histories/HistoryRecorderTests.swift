import Simulation
import Testing

@Suite("A history recorder")
struct HistoryRecorderTests {
    private let get = RegisterOperation(key: "x", action: .get)
    private let put = RegisterOperation(key: "x", action: .put("1"))

    @Test("keeps operations in order of their calls, with their answers")
    func records() {
        var recorder = HistoryRecorder<RegisterOperation>()
        let first = recorder.begin(client: 1, operation: put, at: 10)
        let second = recorder.begin(client: 2, operation: get, at: 20)
        recorder.finish(second, answer: .value("1"), at: 30)
        recorder.finish(first, answer: .done, at: 40)
        #expect(
            recorder.history.entries == [
                .init(client: 1, operation: put, callNs: 10, completion: .init(answer: .done, returnNs: 40)),
                .init(client: 2, operation: get, callNs: 20, completion: .init(answer: .value("1"), returnNs: 30)),
            ]
        )
    }

    @Test("leaves the outcome of what is never finished unknown")
    func unknown() {
        var recorder = HistoryRecorder<RegisterOperation>()
        _ = recorder.begin(client: 1, operation: put, at: 10)
        #expect(recorder.history.entries.map(\.completion) == [nil])
        #expect(recorder.history.unknownCount == 1)
    }

    @Test("keeps the order of what happens in one instant")
    func oneInstant() {
        var recorder = HistoryRecorder<RegisterOperation>()
        let write = recorder.begin(client: 1, operation: put, at: 5)
        recorder.finish(write, answer: .done, at: 5)
        let read = recorder.begin(client: 1, operation: get, at: 5)
        recorder.finish(read, answer: .value(nil), at: 5)
        #expect(recorder.history.entries.map(\.callNs) == [5, 7])
        #expect(recorder.history.entries.map { $0.completion?.returnNs } == [6, 8])
        #expect(RegisterLinearizability(of: recorder.history).verdict == .notLinearizable)
    }

    @Test("refuses a client that has not been answered")
    func busyClient() async {
        await #expect(processExitsWith: .failure) {
            var recorder = HistoryRecorder<RegisterOperation>()
            _ = recorder.begin(client: 1, operation: .init(key: "x", action: .get), at: 1)
            _ = recorder.begin(client: 1, operation: .init(key: "x", action: .get), at: 2)
        }
    }

    @Test("refuses an answer of another kind")
    func wrongAnswer() async {
        await #expect(processExitsWith: .failure) {
            var recorder = HistoryRecorder<RegisterOperation>()
            let handle = recorder.begin(client: 1, operation: .init(key: "x", action: .get), at: 1)
            recorder.finish(handle, answer: .done, at: 2)
        }
    }

    @Test("refuses a second answer")
    func twice() async {
        await #expect(processExitsWith: .failure) {
            var recorder = HistoryRecorder<RegisterOperation>()
            let handle = recorder.begin(client: 1, operation: .init(key: "x", action: .get), at: 1)
            recorder.finish(handle, answer: .value(nil), at: 2)
            recorder.finish(handle, answer: .value(nil), at: 3)
        }
    }
}
