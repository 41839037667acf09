package edge.ranker

import com.sun.management.ThreadMXBean
import edge.bundle.Exit
import edge.bundle.Source
import edge.text.Item
import edge.text.parseRequest
import edge.trainedBundle
import java.lang.management.ManagementFactory
import kotlin.test.Test
import kotlin.test.assertTrue

private const val LIMIT = 256 shl 10
private const val WARM = 20
private const val RANKS = 20

class HeapPerRankTest {
    private val threads = ManagementFactory.getThreadMXBean() as ThreadMXBean

    @Test
    fun `a kept user and 50 kept candidates take 256 KiB of heap at most, at every depth alike`() {
        tinyRanker().use { ranker ->
            val user = ranker.user(PROFILE, (0 until 20).map(::eventOf))
            assertSmall(bytesOf(ranker, user, (0 until 50).map(::itemOf), null))
        }
    }

    @Test
    fun `so it is with a trained bundle`() {
        val file = trainedBundle()
        val golden = java.util.zip.ZipFile(file).use { zip -> zip.getInputStream(zip.getEntry("golden.jsonl")).reader().readLines() }
        val requests = golden.map { parseRequest(it.substringAfter("\"request\":").substringBefore(",\"texts\":")) }
        val longest = requests.maxByOrNull { it.events.size }!!
        val items = requests.flatMap { it.candidates }
        val candidates = (0 until 50).map { Item("$it", items[it % items.size].attributes) }
        Source.file(file).use { Ranker.open(it) }.use { ranker ->
            assertSmall(bytesOf(ranker, ranker.user(longest.user, longest.events), candidates, longest.time))
        }
    }

    private fun bytesOf(ranker: Ranker, user: UserState, candidates: List<Item>, time: Double?): Map<Exit, Long> =
        ranker.exits.associateWith { exit ->
            val handles = ranker.prepare(candidates, exit.encode)
            repeat(WARM) { ranker.rank(user, handles, Budget(exit = exit), time) }
            val before = threads.getThreadAllocatedBytes(Thread.currentThread().id)
            repeat(RANKS) { ranker.rank(user, handles, Budget(exit = exit), time) }
            (threads.getThreadAllocatedBytes(Thread.currentThread().id) - before) / RANKS
        }

    private fun assertSmall(bytes: Map<Exit, Long>) {
        assertTrue(bytes.values.all { it in 1..LIMIT }, "$bytes")
        assertTrue(bytes.values.max() - bytes.values.min() < LIMIT / 16, "$bytes")
    }
}
