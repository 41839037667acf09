package edge.weights

import edge.EdgeError

private const val LEAST = 1L shl 31
private const val WORD = 0xFFFFFFFFL
private const val MOST_BLOCK = 16_384

/** Reads the streams of a `weights.bin` in their order (FORMAT.md, "Decoding"). */
internal class StreamDecoder(private val data: ByteArray, begin: Int, lanes: Int) {
    private val states = LongArray(lanes)
    private var next = begin + 8 * lanes

    init {
        if (data.size < next || (data.size - next) % 4 != 0) throw EdgeError("the coded weights are truncated")
        for (lane in 0 until lanes) {
            states[lane] = unsigned(begin + 8 * lane) or (unsigned(begin + 8 * lane + 4) shl 32)
            if (states[lane] < LEAST) throw EdgeError("the coded weights begin with an impossible state")
        }
    }

    /** The next stream: a symbol for each context. */
    fun take(contexts: ByteArray, contextCount: Int, alphabet: Int): ByteArray {
        val table = Frequencies(contextCount, alphabet)
        val symbols = ByteArray(contexts.size)
        var begin = 0
        while (begin < contexts.size) {
            table.renew()
            val size = minOf(maxOf(begin / 4, 1), MOST_BLOCK, contexts.size - begin)
            block(table, contexts, symbols, begin, begin + size)
            for (index in begin until begin + size) table.learn(contexts[index].toInt(), symbols[index].toInt() and 255)
            begin += size
        }
        return symbols
    }

    private fun block(table: Frequencies, contexts: ByteArray, symbols: ByteArray, begin: Int, end: Int) {
        var lane = 0
        for (index in begin until end) {
            val context = contexts[index].toInt()
            val state = states[lane]
            val slot = (state and (TOTAL - 1L)).toInt()
            val symbol = table.symbol(context, slot)
            symbols[index] = symbol.toByte()
            val moved = table.share(context, symbol) * (state ushr PRECISION) + slot - table.start(context, symbol)
            states[lane] = if (moved < LEAST) moved shl 32 or word() else moved
            if (++lane == states.size) lane = 0
        }
    }

    private fun word(): Long {
        if (next >= data.size) throw EdgeError("the coded weights are truncated")
        next += 4
        return unsigned(next - 4)
    }

    /** Errors: something is left over, or the states are not those that coding starts from. */
    fun close() {
        if (next != data.size || states.any { it != LEAST }) throw EdgeError("the coded weights are damaged")
    }

    private fun unsigned(at: Int): Long = littleEndian(data, at).toLong() and WORD
}

/** The integer of four bytes, the lowest first. */
internal fun littleEndian(data: ByteArray, at: Int): Int = (data[at].toInt() and 255) or
    (data[at + 1].toInt() and 255 shl 8) or (data[at + 2].toInt() and 255 shl 16) or (data[at + 3].toInt() and 255 shl 24)
