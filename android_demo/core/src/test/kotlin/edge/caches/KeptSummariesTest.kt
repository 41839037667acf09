package edge.caches

import java.io.ByteArrayOutputStream
import java.io.IOException
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith

class KeptSummariesTest {
    private val form = KeptSummaries("a".repeat(64), hidden = 3, positions = 5)
    private val entries = listOf(intArrayOf(7, 8, 9), intArrayOf(), intArrayOf(1, 2, 3, 4, 5)).flatMap { tokens ->
        listOf(1, 2).map { depth -> SummaryKey(depth, tokens) to ShortArray(3) { (100 * depth + it - tokens.size).toShort() } }
    }

    @Test
    fun `what was written is read again to the bit and in its order`() {
        val read = form.read(written(entries).inputStream())
        assertEquals(entries.map { it.first }, read.map { it.first })
        assertEquals(entries.map { it.second.toList() }, read.map { it.second.toList() })
        assertEquals(0, form.read(written(emptyList()).inputStream()).size)
    }

    @Test
    fun `a file that is cut or of which a byte differs is none`() {
        val whole = written(entries)
        for (place in whole.indices) {
            val altered = whole.copyOf().also { it[place] = (it[place].toInt() xor 0x55).toByte() }
            for (damaged in listOf(altered, whole.copyOf(place))) {
                assertFailsWith<IOException>("byte $place") { form.read(damaged.inputStream()) }
            }
        }
        assertFailsWith<IOException> { form.read((whole + 0).inputStream()) }
    }

    @Test
    fun `a file of other weights or of another size is none`() {
        val whole = written(entries)
        val (own, another) = listOf("a".repeat(64), "b".repeat(64))
        for (other in listOf(KeptSummaries(another, 3, 5), KeptSummaries(own, 4, 5), KeptSummaries(own, 3, 4))) {
            assertFailsWith<IOException> { other.read(whole.inputStream()) }
        }
    }

    @Test
    fun `a number that is not finite is refused though its digest is right`() {
        for (half in listOf(0x7C00, 0xFC00, 0x7E01)) {
            val spoilt = written(listOf(entries[0].first to shortArrayOf(0, half.toShort(), 0)))
            assertFailsWith<IOException> { form.read(spoilt.inputStream()) }
        }
    }

    private fun written(entries: List<Pair<SummaryKey, ShortArray>>): ByteArray =
        ByteArrayOutputStream().also { form.write(entries, it) }.toByteArray()
}
