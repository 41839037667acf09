package edge.caches

import edge.EdgeError
import edge.bundle.removeOthers
import edge.bundle.replaceFile
import edge.bundle.tryLocking
import java.io.File
import java.io.IOException

private const val PREFIX = "summaries-"
private const val LOCK = "summaries.lock"
private const val MOST_PROFILES = 10_000 // of one ranker: with more it serves many users, and writes none of what it computes
private val TURN = Any() // one thread of the process at a time

/**
 * The file that keeps a ranker's summaries across restarts, whichever processes use it (PLAN.md, section 2). One that
 * is damaged, or that cannot be written, counts as absent.
 */
internal class SummaryFile(
    private val directory: File, private val weights: String, hidden: Int, positions: Int, private val mostProfiles: Int = MOST_PROFILES,
) {
    private val file = File(directory, "$PREFIX$weights.bin")
    private val form = KeptSummaries(weights, hidden, positions)
    private val profiles = HashSet<SummaryKey>() // under depth 0, at whatever depth they are encoded
    private var saved = emptySet<SummaryKey>()

    /** Excludes a profile: its summary is never written. */
    fun leaveOut(profile: IntArray): Unit = synchronized(profiles) {
        if (profiles.size <= mostProfiles) profiles.add(SummaryKey(0, profile))
    }

    /** Reads the file into the cache, unless it is damaged or of other weights. */
    fun load(cache: SummaryCache): Unit = synchronized(TURN) {
        val entries = try {
            file.inputStream().buffered().use { form.read(it) }
        } catch (error: IOException) {
            emptyList()
        }
        for ((key, halves) in entries) cache.keep(key, halves)
        saved = cache.entries().mapTo(HashSet()) { it.first }
    }

    /** Writes what is kept if some of it is new, unless another process is writing: then its file stays. */
    fun save(cache: SummaryCache): Unit = synchronized(TURN) {
        val entries = synchronized(profiles) {
            if (profiles.size > mostProfiles) return
            cache.entries().filter { (key, _) -> SummaryKey(0, key.tokens) !in profiles }
        }
        val keys = entries.mapTo(HashSet()) { it.first }
        if (saved.containsAll(keys)) return
        try {
            directory.mkdirs()
            tryLocking(File(directory, LOCK)) {
                removeOthers(directory, PREFIX, weights)
                replaceFile(file) { form.write(entries, it) }
                saved = keys
            }
        } catch (error: IOException) {
            // The next save tries again.
        }
    }

    /** Removes the files of all bundles. Errors: one that cannot be removed. */
    fun remove(): Unit = synchronized(TURN) {
        saved = emptySet()
        for (kept in directory.listFiles().orEmpty()) {
            if (!kept.name.startsWith(PREFIX) || kept.delete() || !kept.exists()) continue
            throw EdgeError("$kept cannot be removed", fix = "remove it")
        }
    }
}
