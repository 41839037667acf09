package edge.ranker

import edge.EdgeError
import edge.bundle.Bundle
import edge.bundle.Exit
import edge.bundle.Source
import edge.caches.Summaries
import edge.caches.SummaryCache
import edge.caches.SummaryFile
import edge.caches.sentSummaries
import edge.plan.Pace
import edge.text.Event
import edge.text.Item
import edge.text.MAX_CANDIDATES
import edge.text.Request
import edge.text.User
import edge.text.checkCandidates
import edge.text.checkEvents
import edge.text.checkIds
import edge.text.checkSize
import edge.text.checkText
import edge.text.checkTime
import edge.text.checkUser
import java.io.Closeable
import java.util.UUID
import java.util.concurrent.locks.ReentrantLock
import kotlin.concurrent.withLock

/**
 * An opened bundle, for any number of users and threads. Every call blocks; the engine computes one request at a time.
 */
public class Ranker internal constructor(internal val model: Model, options: Options) : Closeable {
    private val shape = model.engine.shape
    private val cache = SummaryCache(shape.hidden, (options.memoryMb * 1e6).toLong())
    private val summaries = Summaries(model.engine, cache)
    private val pace = Pace()
    internal val lifetime = Lifetime()
    private val served = ServedLog(options.logRows)
    private val turn = ReentrantLock()
    private val file = summaryFile(options)
    internal val places: Int get() = shape.places
    internal val value: String get() = shape.value

    /** Ascending, the deepest last. */
    public val exits: List<Exit> get() = model.exits.keys.toList()

    /** SHA-256 of the whole bundle. */
    public val sha256: String get() = model.bundle.sha256

    /** Whether the bundle has a signature. Only a public key can tell whose it is. */
    public val isSigned: Boolean get() = model.bundle.signed

    /**
     * Renders, tokenises and encodes items now, e.g. while the app is idle. Returns handles, which are ranked faster.
     * With a directory, the summaries are written there for the next start.
     */
    public fun prepare(items: List<Item>, encode: Int = model.best.encode): List<Handle> = locked {
        if (encode !in shape.encodeDepths) throw EdgeError("no exit is encoded $encode times", fix = shape.encodeDepths.joinToString())
        checkCandidates(items)
        val handles = items.map(::handleOf)
        turn.withLock {
            encode(handles.map { it.tokens }, encode)
            encode(handles.map { it.context }, shape.phraseDepth)
        }
        file?.save(cache)
        handles
    }

    private fun encode(segments: List<IntArray>, depth: Int) = model.scratch.frame {
        summaries.take(segments, depth, model.scratch.matrix(segments.size, shape.hidden)) {}
    }

    /**
     * Keeps summaries that a server computed with `edge encode`, so that their items are not encoded here: the first
     * line that it wrote, then lines of items. Returns how many, one for each item and encode depth. Errors: text of
     * another form or of other weights; then none is kept.
     */
    public fun receive(text: String): Int = locked {
        val sent = sentSummaries(text, model.weights, shape, model.texts.vocabulary)
        for ((key, halves) in sent) cache.keep(key, halves)
        sent.size
    }

    /** A user to rank for. [id] names the user in the log; without it the name is random. */
    public fun user(profile: User, events: List<Event> = emptyList(), id: String = ""): UserState = locked {
        checkUser(profile)
        checkEvents(events)
        checkText(id, "the user's id")
        stateOf(id.ifEmpty { UUID.randomUUID().toString() }, profile, events.toList())
    }

    private fun stateOf(id: String, profile: User, events: List<Event>): UserState {
        val user = UserState(this, id, profile, events, model.spec, model.texts)
        file?.leaveOut(user.profileTokens)
        return user
    }

    /**
     * Best first. [time] is that of the request, in seconds since 1970; [cancel] is called between the parts of the
     * request.
     */
    public fun rank(
        user: UserState,
        candidates: List<Item>,
        budget: Budget = Budget(),
        time: Double? = null,
        cancel: Cancel = Cancel { false },
    ): Ranked {
        val started = System.nanoTime()
        return locked {
            checkCandidates(candidates)
            answer(user, candidates.map(::handleOf), budget, time, cancel, started)
        }
    }

    /** The same for handles, which are not rendered or tokenised again. */
    @JvmName("rankHandles")
    public fun rank(
        user: UserState,
        candidates: List<Handle>,
        budget: Budget = Budget(),
        time: Double? = null,
        cancel: Cancel = Cancel { false },
    ): Ranked {
        val started = System.nanoTime()
        return locked {
            checkSize(candidates, "candidates", MAX_CANDIDATES)
            checkIds(candidates.map { it.item })
            for (handle in candidates) {
                if (handle.owner !== this) throw EdgeError("a candidate was prepared by another ranker", fix = "prepare(items)")
            }
            answer(user, candidates.toList(), budget, time, cancel, started)
        }
    }

    private fun answer(
        user: UserState, handles: List<Handle>, budget: Budget, time: Double?, cancel: Cancel, started: Long,
    ): Ranked {
        checkTime(time, "time")
        if (user.owner !== this) throw EdgeError("the user was made by another ranker", fix = "user(profile, events)")
        return synchronized(user) {
            val ranking = Ranking(model, summaries, pace, user, handles, time, budget, cancel, started)
            val ranked = turn.withLock { ranking.rank() }
            served.add(Served(user.id, user.profile, user.size, time ?: (System.currentTimeMillis() / 1e3), ranked))
            ranked
        }
    }

    /**
     * Replays the golden requests of the bundle at every exit. Errors: the first request that differs, and by how much.
     */
    public fun verify(): Unit = locked { model.golden.replay(model.engine.name, ::logits) }

    /** In the order of the candidates. */
    internal fun logits(request: Request, exit: Exit): FloatArray {
        val user = stateOf("", request.user, request.events)
        val handles = request.candidates.map(::handleOf)
        val ranking = Ranking(model, summaries, pace, user, handles, request.time, Budget(), Cancel { false }, 0)
        return turn.withLock { ranking.logits(exit) }
    }

    /** What was ranked since the last call: a line for each candidate, with a JSON object (PLAN.md, section 7). */
    public fun log(): String = locked { served.drain() }

    /**
     * Removes all summaries, also from the directory, and what [log] has not returned yet. Errors: a file cannot be
     * removed.
     */
    public fun forget(): Unit = locked {
        cache.clear()
        served.clear()
        file?.remove()
    }

    /** Frees what was computed for a user. */
    public fun forget(user: UserState): Unit = locked { user.forget() }

    /**
     * Removes the least recently used summaries from memory until at most so many MB (10^6 bytes) are left. Also frees
     * the memory in which the engine computes, unless a request is running: it does not wait for requests.
     */
    public fun trim(toMb: Double): Unit = locked {
        cache.trim((toMb * 1e6).toLong())
        if (turn.tryLock()) {
            try {
                model.scratch.clear()
                model.engine.trim()
            } finally {
                turn.unlock()
            }
        }
    }

    /** Frees the memory. Waits for running requests; later calls are refused. */
    override fun close(): Unit = lifetime.end {
        model.engine.close()
        cache.clear()
        served.clear()
    }

    /**
     * Null if nothing is to be kept, or without `weights.bin`: nothing would tell to which weights the summaries
     * belong.
     */
    private fun summaryFile(options: Options): SummaryFile? {
        if (options.directory == null || !options.keepsSummaries || model.weights.isEmpty()) return null
        return SummaryFile(options.directory, model.weights, shape.hidden, shape.positions).also { it.load(cache) }
    }

    internal inline fun <T> locked(action: () -> T): T = lifetime.use(action)

    internal fun note(user: String, event: Event) = served.note(user, event)

    private fun handleOf(item: Item): Handle =
        Handle(item, this, model.texts.tokens(model.texts.item(item)), model.texts.tokens(model.texts.context(item)))

    public companion object {
        /**
         * Checks every byte of a bundle, loads its model and measures costs, or runs each call of the engine once if
         * they were measured before. The source may be closed afterwards. Errors: an invalid bundle.
         */
        public fun open(source: Source, options: Options = Options(), progress: Progress = Progress { _, _ -> }): Ranker {
            progress.report("check", 0.0)
            val bundle = Bundle.open(source, options.publicKey)
            progress.report("load", 0.5)
            val (spec, texts) = bundle.texts()
            val engine = options.engine.open(bundle, options.directory)
            bundle.releaseWeights()
            progress.report("measure", 0.8)
            val model = Model(bundle, spec, texts, engine, keptCosts(options.directory, bundle.sha256, engine))
            progress.report("ready", 1.0)
            return Ranker(model, options)
        }
    }
}
