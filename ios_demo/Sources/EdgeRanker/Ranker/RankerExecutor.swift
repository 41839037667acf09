import Dispatch

/// Where a ranker computes: one queue of its own, so that neither the main thread nor the shared pool ever waits for it.
final class RankerExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "edge.ranker", qos: .userInitiated)

    func enqueue(_ job: UnownedJob) {
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// Milliseconds of a clock that never goes back.
func nowMs() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e6 }
