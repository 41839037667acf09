package edge.android

import edge.EdgeError
import edge.bundle.Exit
import edge.ranker.Budget
import edge.ranker.Cancel
import edge.ranker.Handle
import edge.ranker.Ranked
import edge.ranker.Ranker
import edge.ranker.UserState
import edge.text.Event
import edge.text.Item
import edge.text.User
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.asCoroutineDispatcher
import kotlinx.coroutines.withContext
import java.util.concurrent.Executors

/**
 * A ranker whose calls suspend: they run one after another on a thread of its own. A coroutine that is cancelled ends its request
 * before the next step of the engine.
 */
public class SuspendingRanker private constructor(private val ranker: Ranker, private val thread: Worker) {
    @Volatile private var closed = false

    /** Ascending, the deepest last. */
    public val exits: List<Exit> get() = ranker.exits

    public val sha256: String get() = ranker.sha256

    public suspend fun prepare(items: List<Item>): List<Handle> = on { ranker.prepare(items) }

    public suspend fun receive(text: String): Int = on { ranker.receive(text) }

    public suspend fun user(profile: User, events: List<Event> = emptyList(), id: String = ""): UserState =
        on { ranker.user(profile, events, id) }

    public suspend fun add(user: UserState, event: Event): Unit = on { user.add(event) }

    public suspend fun rank(user: UserState, candidates: List<Item>, budget: Budget = Budget(), time: Double? = null): Ranked =
        on { cancel -> ranker.rank(user, candidates, budget, time, cancel) }

    @JvmName("rankHandles")
    public suspend fun rank(user: UserState, candidates: List<Handle>, budget: Budget = Budget(), time: Double? = null): Ranked =
        on { cancel -> ranker.rank(user, candidates, budget, time, cancel) }

    public suspend fun verify(): Unit = on { ranker.verify() }

    public suspend fun log(): String = on { ranker.log() }

    public suspend fun forget(): Unit = on { ranker.forget() }

    public suspend fun forget(user: UserState): Unit = on { ranker.forget(user) }

    public suspend fun trim(toMb: Double): Unit = on { ranker.trim(toMb) }

    /** Waits for the request under way, even in a coroutine that was cancelled; later calls are refused. */
    public suspend fun close() {
        if (closed) return
        withContext(NonCancellable + thread.dispatcher) { ranker.close() }
        closed = true
        thread.end()
    }

    /** Without a coroutine, as in `onTrimMemory`: soon, on the ranker's thread. */
    public fun trimSoon(toMb: Double) {
        if (!closed) thread.post { if (!closed) ranker.trim(toMb) }
    }

    private suspend fun <T> on(action: (Cancel) -> T): T {
        if (closed) throw EdgeError("the ranker was closed", fix = "SuspendingRanker.open { ... } again")
        return withContext(thread.dispatcher) {
            val job = coroutineContext[Job]
            action(Cancel { job?.isCancelled == true })
        }
    }

    public companion object {
        /** Opens on the ranker's own thread, e.g. `SuspendingRanker.open { openAsset(context, "movies.edge", options) }`. */
        public suspend fun open(open: () -> Ranker): SuspendingRanker {
            val thread = Worker()
            var opened: Ranker? = null
            try {
                return SuspendingRanker(withContext(thread.dispatcher) { open().also { opened = it } }, thread)
            } catch (error: Throwable) { // also of a coroutine that was cancelled while the bundle was opened
                thread.post { opened?.close() }
                thread.end()
                throw error
            }
        }

        /**
         * An update: opens and verifies the new bundle while [serving] still answers, then closes that. Errors: the new one is
         * refused; [serving] goes on.
         */
        public suspend fun replace(serving: SuspendingRanker, open: () -> Ranker): SuspendingRanker {
            val next = open(open)
            try {
                next.verify()
            } catch (error: Throwable) {
                next.close()
                throw error
            }
            serving.close()
            return next
        }
    }
}

/** One thread, on which a ranker's calls wait for each other. */
internal class Worker {
    private val executor = Executors.newSingleThreadExecutor { action -> Thread(action, "edge-ranker").apply { isDaemon = true } }
    val dispatcher: CoroutineDispatcher = executor.asCoroutineDispatcher()

    fun post(action: () -> Unit) = executor.execute(action)

    fun end() = executor.shutdown()
}
