package edge.ranker

import edge.caches.SummaryCache
import edge.caches.SummaryFile
import edge.caches.SummaryKey
import edge.refusal
import java.io.File
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.test.AfterTest
import kotlin.test.Test
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue

/** What was prepared outlives the process: written whole or not at all, for the same weights alone, without profiles. */
class SummaryFileTest {
    private val directory = File.createTempFile("edge", "").also { it.delete() }
    private val options = Options(directory = directory)
    private val items = (0 until 4).map(::itemOf)
    private val files: List<File> get() = directory.listFiles().orEmpty().filter { it.extension == "bin" }

    @AfterTest
    fun remove() {
        directory.deleteRecursively()
    }

    /** What a ranker that was just opened has to encode for the items and a profile. */
    private fun newTexts(options: Options): Int =
        tinyRanker(options).use { it.rank(it.user(PROFILE), items).explanation.newTexts }

    private fun prepare(options: Options) = tinyRanker(options).use { it.prepare(items) }

    @Test
    fun `what was prepared is kept for the next opening, and ranking writes nothing`() {
        repeat(2) { assertEquals(items.size + 1, newTexts(options)) }
        assertFalse(directory.exists())
        prepare(options)
        assertEquals(1, newTexts(options))
        assertEquals(items.size + 1, newTexts(Options()))
    }

    @Test
    fun `nothing is written or read if no summaries are to be kept`() {
        val none = Options(directory = directory, keepsSummaries = false)
        prepare(none)
        assertFalse(directory.exists())
        prepare(options)
        assertEquals(items.size + 1, newTexts(none))
    }

    @Test
    fun `the file is its owner's alone and nothing is left beside it`() {
        prepare(options)
        assertEquals(setOf(files.single().name, "summaries.lock"), directory.list()!!.toSet())
        val rights = ProcessBuilder("stat", "-c", "%a", files.single().path).start().inputStream.reader().readText().trim()
        assertEquals("600", rights)
    }

    @Test
    fun `summaries that were kept give the scores that computed ones give`() {
        val scores = (0..1).map { tinyRanker(options).use { ranker -> ranker.rank(ranker.user(PROFILE), ranker.prepare(items)).scores } }
        assertEquals(scores[0], scores[1])
    }

    @Test
    fun `the profile of a user is never written, nor that of a golden request`() {
        tinyRanker(options).use { ranker ->
            val user = ranker.user(PROFILE, (0 until 5).map(::eventOf))
            ranker.rank(user, items)
            for (record in ranker.model.golden.lines) ranker.logits(record.request, ranker.exits.last())
            ranker.prepare(items)
            val kept = keptTokens(ranker)
            assertTrue(ranker.prepare(items).all { it.tokens.toList() in kept })
            val profiles = ranker.model.golden.lines.map { it.request.user } + PROFILE
            for (profile in profiles) assertFalse(ranker.user(profile).profileTokens.toList() in kept)
        }
    }

    private fun keptTokens(ranker: Ranker): Set<List<Int>> {
        val shape = ranker.model.engine.shape
        val cache = SummaryCache(shape.hidden, 1_000_000)
        SummaryFile(directory, ranker.model.weights, shape.hidden, shape.positions).load(cache)
        return cache.entries().map { (key, _) -> key.tokens.toList() }.toSet()
    }

    @Test
    fun `a damaged file is none and is replaced`() {
        prepare(options)
        val whole = files.single().readBytes()
        for (damage in listOf(ByteArray(0), ByteArray(5_000), whole.copyOf(whole.size - 1))) {
            files.single().writeBytes(damage)
            assertEquals(items.size + 1, newTexts(options))
            prepare(options)
            assertEquals(1, newTexts(options))
        }
    }

    @Test
    fun `where nothing can be written an app goes on, and forgetting says so`() {
        prepare(options)
        val file = files.single()
        file.delete()
        File(file, "inside").mkdirs()
        prepare(options)
        assertEquals(items.size + 1, newTexts(options))
        tinyRanker(options).use { assertTrue("cannot be removed" in refusal("a folder") { it.forget() }) }
        directory.deleteRecursively()
        directory.writeText("a file")
        prepare(options)
        assertEquals("a file", directory.readText())
    }

    @Test
    fun `forgetting removes summaries from memory and from disk`() {
        tinyRanker(options).use { ranker ->
            val handles = ranker.prepare(items)
            val user = ranker.user(PROFILE)
            val before = ranker.rank(user, handles).scores
            ranker.forget()
            assertEquals(emptyList(), files)
            val again = ranker.rank(user, handles)
            assertEquals(before, again.scores)
            assertEquals(items.size, again.explanation.newTexts)
            ranker.prepare(items)
            assertEquals(1, files.size)
        }
    }

    @Test
    fun `a smaller budget reads what was used last`() {
        val cache = cacheOf(20)
        file("a").save(cache)
        val small = SummaryCache(2, 5 * 12)
        file("a").load(small)
        assertEquals(cache.entries().takeLast(5).map { it.first }, small.entries().map { it.first })
    }

    @Test
    fun `a ranker of many users writes none`() {
        val file = SummaryFile(directory, "a", 2, 5, mostProfiles = 2)
        for (number in 0..2) file.leaveOut(intArrayOf(100 + number))
        file.save(cacheOf(3))
        assertFalse(directory.exists())
    }

    @Test
    fun `files of this bundle and of the newest other one stay`() {
        for ((index, weights) in listOf("a", "b", "c").withIndex()) {
            file(weights).save(cacheOf(1))
            File(directory, "summaries-$weights.bin").setLastModified(1_000_000L * (index + 1))
            File(directory, "summaries-$weights.bin.partial").writeText("half")
        }
        file("d").save(cacheOf(1))
        assertEquals(setOf("summaries-c.bin", "summaries-d.bin", "summaries.lock"), directory.list()!!.toSet())
    }

    @Test
    fun `while another process writes, its file stays, and what is new is written later`() {
        val file = file("a")
        file.save(cacheOf(2))
        val before = files.single().readBytes()
        val command = listOf("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"))
        val other = ProcessBuilder(command + listOf("edge.ranker.HoldLockKt", File(directory, "summaries.lock").path)).start()
        assertEquals("locked", other.inputStream.bufferedReader().readLine())
        file.save(cacheOf(3))
        assertContentEquals(before, files.single().readBytes())
        other.outputStream.close()
        other.waitFor()
        file.save(cacheOf(3))
        assertFalse(before.contentEquals(files.single().readBytes()))
    }

    @Test
    fun `several writers and readers see whole files alone`() {
        val seen = AtomicInteger()
        file("a").save(cacheOf(2))
        val writers = (1..3).map { writer ->
            thread { for (count in 1..40) file("a").save(cacheOf(2 * count, writer)) }
        }
        val readers = (1..2).map {
            thread {
                repeat(100) {
                    val cache = SummaryCache(2, 1_000_000)
                    file("a").load(cache)
                    val entries = cache.entries()
                    val whole = entries.size % 2 == 0 && entries.map { (_, halves) -> halves[0] }.distinct().size == 1
                    if (whole) seen.incrementAndGet()
                }
            }
        }
        (writers + readers).forEach { it.join() }
        assertEquals(200, seen.get())
    }

    private fun file(weights: String) = SummaryFile(directory, weights, 2, 5)

    /** Of one token each, 12 bytes by PLAN.md. */
    private fun cacheOf(count: Int, value: Int = 1): SummaryCache {
        val cache = SummaryCache(2, 1_000_000)
        for (token in 0 until count) cache.keep(SummaryKey(1, intArrayOf(token)), ShortArray(2) { value.toShort() })
        return cache
    }
}
