package edge.ranker

import edge.EdgeError
import java.util.concurrent.locks.ReentrantReadWriteLock

/** Calls run side by side; closing waits for running calls, and later ones are refused. */
internal class Lifetime {
    private val lock = ReentrantReadWriteLock(true)
    private var closed = false

    inline fun <T> use(action: () -> T): T {
        begin()
        try {
            return action()
        } finally {
            leave()
        }
    }

    fun begin() {
        lock.readLock().lock()
        if (!closed) return
        leave()
        throw EdgeError("the ranker was closed", fix = "Ranker.open(...) again")
    }

    fun leave() = lock.readLock().unlock()

    /** Runs the action once. Errors: called from within a request, which would wait for itself. */
    fun end(action: () -> Unit) {
        if (lock.readHoldCount > 0) throw EdgeError("close() was called from within a request", fix = "call it afterwards")
        lock.writeLock().lock()
        try {
            if (!closed) action()
            closed = true
        } finally {
            lock.writeLock().unlock()
        }
    }
}
