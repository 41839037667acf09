package edge.caches

import java.io.DataInputStream
import java.io.IOException
import java.io.InputStream
import java.io.OutputStream
import java.nio.ByteBuffer
import java.security.MessageDigest

private const val FORMAT = "edge-ranker/kept-summaries/1"
private const val INFINITE = 0x7C00 // the exponent of a float16 that is no finite number

/**
 * The layout of a file of summaries: a head that names the weights, each key with its float16 numbers, the SHA-256 of
 * all that.
 */
internal class KeptSummaries(weights: String, private val hidden: Int, private val positions: Int) {
    private val head = "$FORMAT $weights $hidden\n".toByteArray()

    fun write(entries: List<Pair<SummaryKey, ShortArray>>, out: OutputStream) {
        val digest = MessageDigest.getInstance("SHA-256")
        fun put(bytes: ByteArray) {
            digest.update(bytes)
            out.write(bytes)
        }
        put(head)
        put(ByteBuffer.allocate(4).putInt(entries.size).array())
        for ((key, halves) in entries) {
            val entry = ByteBuffer.allocate(8 + 4 * key.tokens.size + 2 * hidden)
            entry.putInt(key.depth).putInt(key.tokens.size)
            for (token in key.tokens) entry.putInt(token)
            for (half in halves) entry.putShort(half)
            put(entry.array())
        }
        out.write(digest.digest())
    }

    /** All of them, or none. Errors: IOException if they are damaged, of other weights or of another version. */
    fun read(stream: InputStream): List<Pair<SummaryKey, ShortArray>> {
        val input = DataInputStream(stream)
        val digest = MessageDigest.getInstance("SHA-256")
        fun take(count: Int): ByteBuffer {
            val bytes = ByteArray(count)
            input.readFully(bytes)
            digest.update(bytes)
            return ByteBuffer.wrap(bytes)
        }
        if (!take(head.size).array().contentEquals(head)) throw IOException("of other weights, or of another version")
        val entries = ArrayList<Pair<SummaryKey, ShortArray>>()
        repeat(take(4).getInt()) {
            val key = take(8)
            val depth = key.getInt()
            val length = key.getInt()
            if (length !in 0..positions) throw IOException("a text of $length tokens")
            val tokens = take(4 * length)
            val numbers = take(2 * hidden)
            entries.add(SummaryKey(depth, IntArray(length) { tokens.getInt() }) to ShortArray(hidden) { numbers.getShort() })
        }
        val expected = digest.digest()
        val sum = ByteArray(expected.size)
        input.readFully(sum)
        if (!sum.contentEquals(expected) || input.read() >= 0) throw IOException("damaged")
        if (entries.any { (_, halves) -> halves.any(::isInfinite) }) throw IOException("a number that is not finite")
        return entries
    }
}

/** Whether the bits of a float16 are those of an infinity or of NaN. */
internal fun isInfinite(half: Short): Boolean = half.toInt() and INFINITE == INFINITE
