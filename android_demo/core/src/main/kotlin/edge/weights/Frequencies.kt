package edge.weights

internal const val PRECISION = 15
internal const val TOTAL = 1 shl PRECISION
private const val SEEN = 4

/** How often each symbol is expected in each context (FORMAT.md, "Frequencies"), learned block by block. */
internal class Frequencies(contexts: Int, private val alphabet: Int) {
    private val counts = LongArray(contexts * alphabet) { 1 }
    private val shares = IntArray(contexts * alphabet)
    private val starts = IntArray(contexts * alphabet)
    private val changed = BooleanArray(contexts) { true }

    /** Renews the shares of the contexts that saw a symbol. */
    fun renew() {
        for (context in changed.indices) if (changed[context]) renew(context)
        changed.fill(false)
    }

    private fun renew(context: Int) {
        val first = context * alphabet
        var total = 0L
        var commonest = first
        for (index in first until first + alphabet) {
            total += counts[index]
            if (counts[index] > counts[commonest]) commonest = index
        }
        var left = TOTAL
        for (index in first until first + alphabet) {
            shares[index] = maxOf(TOTAL * counts[index] / total, 1).toInt()
            left -= shares[index]
        }
        shares[commonest] += left
        var start = 0
        for (index in first until first + alphabet) {
            starts[index] = start
            start += shares[index]
        }
    }

    fun learn(context: Int, symbol: Int) {
        counts[context * alphabet + symbol] += SEEN.toLong()
        changed[context] = true
    }

    /** The symbol with start <= slot < start + share. */
    fun symbol(context: Int, slot: Int): Int {
        var low = context * alphabet
        var high = low + alphabet
        while (high - low > 1) {
            val middle = (low + high) ushr 1
            if (starts[middle] <= slot) low = middle else high = middle
        }
        return low - context * alphabet
    }

    fun share(context: Int, symbol: Int): Int = shares[context * alphabet + symbol]

    fun start(context: Int, symbol: Int): Int = starts[context * alphabet + symbol]
}
