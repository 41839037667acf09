import Dispatch

/// The queue on which a ranker computes: one of its own, so that neither the main thread nor the shared pool waits for
/// it.
final class RankerExecutor: SerialExecutor {
    private let queue = DispatchQueue(label: "edge.ranker", qos: .userInitiated)

    func enqueue(_ job: UnownedJob) {
        let executor = asUnownedSerialExecutor()
        queue.async { job.runSynchronously(on: executor) }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
}

/// Milliseconds of a monotonic clock.
func nowMs() -> Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e6 }
