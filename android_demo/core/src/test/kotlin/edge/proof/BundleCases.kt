package edge.proof

import edge.EdgeError
import edge.bundle.Bundle
import edge.bundle.Source
import edge.ranker.Ranker
import java.io.DataInputStream
import java.nio.ByteBuffer
import kotlin.system.exitProcess

private const val SHAPE = "the weights of"

/**
 * Opens the bundles on standard input, each a byte that is 1 if Python accepts it, a length and its bytes:
 * tests/android_demo/bundle_cases.py writes them. With the argument `contents` it opens a ranker, and verifies it.
 * Of these it may refuse one for the shape of a tensor, such as (1, 8) for (8), which numpy broadcasts. prove.sh limits
 * the heap. Whatever is thrown but an EdgeError ends it.
 */
internal fun main(arguments: Array<String>) {
    val contents = arguments.isNotEmpty()
    val cases = DataInputStream(System.`in`.buffered())
    val tally = Tally()
    while (true) {
        val verdict = cases.read()
        if (verdict < 0) break
        val bytes = ByteArray(cases.readInt())
        cases.readFully(bytes)
        val refusal = try {
            refusalOf(Source.buffer(ByteBuffer.wrap(bytes)), contents)
        } catch (error: Throwable) {
            throw IllegalStateException("case ${tally.cases} of ${bytes.size} bytes", error)
        }
        tally.add(bytes.size, verdict == 1, refusal, contents)
    }
    println(tally)
}

private fun refusalOf(source: Source, contents: Boolean): String? = try {
    if (contents) Ranker.open(source).use { it.verify() } else Bundle.open(source)
    null
} catch (error: EdgeError) {
    error.problem
}

private class Tally {
    private var accepted = 0
    private var refused = 0
    private var stricter = 0
    private var largest = 0
    val cases: Int get() = accepted + refused + stricter

    /** Ends the program if the verdicts differ. */
    fun add(size: Int, expected: Boolean, refusal: String?, contents: Boolean) {
        largest = maxOf(largest, size)
        when {
            expected && refusal == null -> accepted++
            !expected && refusal != null -> refused++
            expected && contents && refusal.orEmpty().startsWith(SHAPE) -> stricter++
            else -> {
                System.err.println("case $cases: Python ${if (expected) "accepts" else "refuses"} it, Kotlin: $refusal")
                exitProcess(1)
            }
        }
    }

    override fun toString(): String {
        check(accepted > 0 && refused > 0) { "all had one verdict" }
        val heap = Runtime.getRuntime().maxMemory() shr 20
        val shapes = if (stricter == 0) "" else ", $stricter refused for a shape that numpy accepts"
        return "$cases damaged bundles as in Python: $accepted accepted$shapes, the largest of $largest bytes, in $heap MB of heap"
    }
}
